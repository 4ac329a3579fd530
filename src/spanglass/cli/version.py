"""`spanglass version`: the version of spanglass and of what it stands on."""

from __future__ import annotations

import json
import platform
from importlib import metadata
from typing import Annotated

import typer

from spanglass.version import __version__

app = typer.Typer()
_BESIDE = ("opentelemetry-sdk", "duckdb", "openai", "httpx", "httpx2")


def versions() -> dict[str, str]:
    """Return the versions that a bug report should name; what is not installed is left out."""
    found = {"spanglass": __version__, "python": platform.python_version()}
    for name in _BESIDE:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@app.command(epilog="Example: spanglass version --json")
def version(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Print the version of spanglass, of Python and of the packages it works with."""
    found = versions()
    if as_json:
        typer.echo(json.dumps(found))
    else:
        for name, number in found.items():
            typer.echo(f"{name:<18} {number}")
