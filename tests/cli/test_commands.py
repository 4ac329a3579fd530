import json
import subprocess
from importlib import metadata

import pytest

from spanglass.cli.commands import COMMANDS
from spanglass.version import __version__
from started import SPANGLASS, clean_environment


def spanglass(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*SPANGLASS, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=clean_environment(COLUMNS="200", NO_COLOR="1", TERM="dumb"),
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_helps_with_an_example(command: str) -> None:
    """`--help` of every command ends with an example that starts with the command itself."""
    helped = spanglass(command, "--help")
    assert helped.returncode == 0
    assert f"Example: spanglass {command}" in helped.stdout


def test_the_root_lists_every_command() -> None:
    """`spanglass` alone shows what there is."""
    listed = spanglass()
    assert all(command in listed.stdout for command in COMMANDS)


def test_a_command_loads_no_other() -> None:
    """`spanglass version` needs neither the server nor the price table nor a table printer."""
    heavy = ("duckdb", "starlette", "rich", "spanglass.cost", "spanglass.cli.up", "opentelemetry.exporter.otlp")
    code = (
        "import sys\nfrom spanglass.cli import main\nsys.argv = ['spanglass', 'version']\n"
        f"try:\n    main()\nfinally:\n    print([name for name in {heavy!r} if name in sys.modules])"
    )
    ran = subprocess.run([SPANGLASS[0], "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_versions_are_said_for_people_and_programs() -> None:
    """`version` and `--version` name spanglass; `--json` is a document with Python and OpenTelemetry in it."""
    assert spanglass("--version").stdout == f"spanglass {__version__}\n"
    assert spanglass("version").stdout.startswith(f"spanglass          {__version__}\n")
    told = json.loads(spanglass("version", "--json").stdout)
    assert told["spanglass"] == __version__
    assert told["opentelemetry-sdk"] == metadata.version("opentelemetry-sdk")


def test_an_error_of_ours_is_one_line() -> None:
    """What spanglass refuses is one line on stderr, without a traceback, and exit code 2."""
    refused = spanglass("up", "--host", "0.0.0.0")  # noqa: S104 - that is what must be refused
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert refused.stderr.startswith("spanglass: The host 0.0.0.0 can be reached from other machines")
    assert refused.stderr.count("\n") == 1


def test_a_wrong_variable_is_named() -> None:
    """A variable that cannot be read is named with what would be right."""
    refused = subprocess.run(
        [*SPANGLASS, "up"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=clean_environment(SPANGLASS_PORT="eighty"),
    )
    assert refused.returncode == 2
    assert "SPANGLASS_PORT cannot be used: 'eighty'; use a number from 0 to 65535" in refused.stderr


@pytest.mark.parametrize("arguments", [("nonsense",), ("up", "--port", "70000"), ("run",)])
def test_wrong_usage_is_exit_2(arguments: tuple[str, ...]) -> None:
    """A command, flag or argument that does not exist or fit is exit code 2, without a traceback."""
    refused = spanglass(*arguments)
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
