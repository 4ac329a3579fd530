"""The command line, one file a command; a command loads no other's imports."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from spanglass.errors import NotFound, ServerUnavailable, SpanglassError

if TYPE_CHECKING:
    import typer

    app: typer.Typer
    """Every command."""


def main() -> None:
    """Run the command line and exit.

    What spanglass raises on purpose is one line on stderr and exit code 2; 1 where nothing is wrong with what was
    asked, but the server does not answer, or does not have it.
    """
    from spanglass.cli.commands import build  # noqa: PLC0415 - importing spanglass.cli loads nothing, as everywhere

    try:
        build(sys.argv[1:])()
    except SpanglassError as error:
        from spanglass.cli.text import seen  # noqa: PLC0415 - likewise

        sys.stderr.write(f"spanglass: {seen(str(error))}\n")
        sys.exit(1 if isinstance(error, NotFound | ServerUnavailable) else 2)
    except KeyboardInterrupt:  # while a command was still being loaded
        sys.exit(130)


def __getattr__(name: str) -> object:
    if name == "app":
        from spanglass.cli.commands import build  # noqa: PLC0415 - likewise

        return build()
    raise AttributeError(name)
