"""The command line, one file a command; a command loads no other's imports."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from spanglass.errors import SpanglassError

if TYPE_CHECKING:
    import typer

    app: typer.Typer
    """Every command."""


def main() -> None:
    """Run the command line and exit: 2 with one line on stderr for what spanglass raises on purpose."""
    from spanglass.cli.commands import build  # noqa: PLC0415 - importing spanglass.cli loads nothing, as everywhere

    try:
        build(sys.argv[1:])()
    except SpanglassError as error:
        sys.stderr.write(f"spanglass: {error}\n")
        sys.exit(2)
    except KeyboardInterrupt:  # while a command was still being loaded
        sys.exit(130)


def __getattr__(name: str) -> object:
    if name == "app":
        from spanglass.cli.commands import build  # noqa: PLC0415 - likewise

        return build()
    raise AttributeError(name)
