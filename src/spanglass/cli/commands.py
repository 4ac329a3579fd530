"""The list of commands and the root they hang on; what a command does is in its own file."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer

from spanglass.version import __version__

COMMANDS = ("up", "run", "doctor", "prices", "standin", "version")
"""In the order of `--help`; each is a module here with a Typer called `app`."""

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
    for name in (wanted,) if wanted in COMMANDS else COMMANDS:
        command: typer.Typer = import_module(f"spanglass.cli.{name}").app
        root.add_typer(command, name=name if name in _GROUPS else None)
    return root


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
