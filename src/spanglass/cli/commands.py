"""The list of commands and the root they hang on; what a command does is in its own file."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from keyword import iskeyword
from typing import Annotated

import typer

from spanglass.version import __version__

PANELS = {
    "Run": ("up", "run", "doctor", "standin", "ddl"),
    "Ask a server": (
        "overview",
        "traces",
        "trace",
        "cost",
        "models",
        "users",
        "sessions",
        "prompts",
        "latency",
        "time",
        "agents",
        "tools",
        "errors",
        "quality",
        "search",
        "attributes",
        "tail",
        "metrics",
        "logs",
        "services",
        "sources",
    ),
    "Keep": ("erase", "backup", "export", "import", "reprice"),
    "Know": ("prices", "version"),
}
"""The commands, by the headings and in the order of `--help`."""

COMMANDS = tuple(name for names in PANELS.values() for name in names)
"""Each is a module here with a Typer called `app`; an underscore follows where Python keeps the name for itself."""

_GROUPS = frozenset({"prices"})
"""Those with commands of their own."""


def build(arguments: Sequence[str] = ()) -> typer.Typer:
    """Return the command line.

    Args:
        arguments: What it will be given; where they name a command, only that one is loaded.
    """
    root = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        help="See what your LLM application does: every call with its tokens, cost and time.",
        epilog="Start here: spanglass up --demo",
    )
    root.callback()(_root)
    wanted = arguments[0] if arguments else None
    for panel, names in PANELS.items():
        for name in names:
            if wanted not in COMMANDS or name == wanted:
                _add(root, name, panel)
    return root


def _add(root: typer.Typer, name: str, panel: str) -> None:
    command: typer.Typer = import_module(f"spanglass.cli.{name}{'_' if iskeyword(name) else ''}").app
    for row in command.registered_commands:
        row.rich_help_panel = panel
    if name in _GROUPS:
        root.add_typer(command, name=name, rich_help_panel=panel)
    else:
        root.add_typer(command)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"spanglass {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_say_version)
    ] = False,
) -> None:
    del version  # `_say_version` has seen to it
