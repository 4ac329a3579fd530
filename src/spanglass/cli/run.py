"""`spanglass run`: starts a program under the SDK, its code unchanged; the program's own interpreter does the rest."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from spanglass import settings
from spanglass.cli.flag import flag
from spanglass.errors import ConfigurationError

app = typer.Typer()
_SERVICE_NAME = "OTEL_SERVICE_NAME"
_CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


@app.command(
    epilog="Example: spanglass run --service-name shop app.py --port 8000",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
def run(
    program: Annotated[
        list[str],
        typer.Argument(metavar="PROGRAM", help="The program and its arguments, as `python` would be given them."),
    ],
    module: Annotated[bool, typer.Option("-m", help="PROGRAM is a module, as for `python -m`.")] = False,
    service_name: Annotated[
        str | None,
        typer.Option(
            help=f"Name of the service. Also: {_SERVICE_NAME}. Default: the program's name.", show_default=False
        ),
    ] = None,
    environment: Annotated[str | None, flag(settings.ENVIRONMENT, "--environment")] = None,
    endpoint: Annotated[str | None, flag(settings.SDK_ENDPOINT, "--endpoint")] = None,
    capture_content: Annotated[
        bool, typer.Option("--capture-content", help=f"Record messages on spans. Also: {_CONTENT}.")
    ] = False,
) -> None:
    """Run a Python program under the SDK without changing it, as `python PROGRAM` would.

    Its arguments, exit code, signals and tracebacks stay its own.
    spanglass must be installed where the program's packages are.
    Processes that the program forks are seen, those it starts anew are not.
    """
    target = program[0]
    _check(target, module=module)
    variables = dict(os.environ)
    given = {settings.ENVIRONMENT.env: environment, settings.SDK_ENDPOINT.env: endpoint, _SERVICE_NAME: service_name}
    variables |= {name: value for name, value in given.items() if value}
    if not _names_service(variables):
        variables[_SERVICE_NAME] = target if module else Path(target).stem
    if capture_content:
        variables[_CONTENT] = "SPAN_ONLY"
    command = [sys.executable, "-m", "spanglass.cli.launch", *(["-m"] if module else []), *program]
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, command, variables)  # noqa: S606 - the user's own program, no shell


def _check(target: str, *, module: bool) -> None:
    if not module and not Path(target).is_file():
        hint = "" if target.endswith(".py") else f"; for a module write `spanglass run -m {target}`"
        raise ConfigurationError(f"There is no program {target} here ({Path.cwd()}){hint}.")


def _names_service(variables: Mapping[str, str]) -> bool:
    return bool(variables.get(_SERVICE_NAME)) or "service.name=" in variables.get("OTEL_RESOURCE_ATTRIBUTES", "")
