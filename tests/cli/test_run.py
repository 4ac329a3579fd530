import os
import signal
import subprocess
from pathlib import Path

import pytest

from started import SPANGLASS, clean_environment

PROGRAM = """
import json, os, pickle, sys

class Thing:
    pass

def shown():
    kind = type(pickle.loads(pickle.dumps(Thing()))).__module__
    print(json.dumps([sys.argv, __name__, __file__, sys.path[0], kind]))

def fail():
    raise RuntimeError("on purpose")

if __name__ == "__main__":
    shown()
    match sys.argv[-1]:
        case "fail":
            fail()
        case "interrupt":
            raise KeyboardInterrupt
        case number:
            sys.exit(int(number))
"""
QUIET = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program, and the same as a module beside it."""
    path = tmp_path / "shop.py"
    path.write_text(PROGRAM)
    package = tmp_path / "shops"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(PROGRAM)
    return path


def both(program: Path, *arguments: str) -> list[subprocess.CompletedProcess[str]]:
    """Run a program under Python alone and under spanglass."""
    return [
        subprocess.run(
            [*command, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=program.parent,
            env=clean_environment(**QUIET),
        )
        for command in ([SPANGLASS[0]], [*SPANGLASS, "run"])
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("shop.py", "--help", "-m", "7"),
        ("shop.py", "fail"),
        ("shop.py", "interrupt"),
        ("-m", "shops", "--service-name", "mine", "3"),
        ("-m", "shops", "fail"),
        ("-m", "nothing_of_that_name"),
    ],
    ids=" ".join,
)
def test_a_program_runs_as_under_python_alone(program: Path, arguments: tuple[str, ...]) -> None:
    """Arguments, name, file, path, pickling, exit code, output and traceback are those of Python alone."""
    alone, under = both(program, *arguments)
    assert (under.returncode, under.stdout, under.stderr) == (alone.returncode, alone.stdout, alone.stderr)


def test_a_signal_ends_it_as_it_would_alone(tmp_path: Path) -> None:
    """The program is the process that was started: a signal reaches it and its own handler decides."""
    program = tmp_path / "waits.py"
    program.write_text(
        "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(9))\n"
        "print('ready', flush=True)\ntime.sleep(60)\n"
    )
    process = subprocess.Popen(
        [*SPANGLASS, "run", str(program)], stdout=subprocess.PIPE, text=True, env=clean_environment(**QUIET)
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == 9


def test_a_missing_program_is_said(program: Path) -> None:
    """A program that is not there is one line that says where it was looked for, and how to run a module."""
    _, under = both(program, "shops")
    assert under.returncode == 2
    assert under.stderr == (
        f"spanglass: There is no program shops here ({program.parent}); for a module write `spanglass run -m shops`.\n"
    )


@pytest.mark.parametrize(
    ("flags", "variables", "name"),
    [
        ((), {}, "shop"),
        (("--service-name", "store"), {}, "store"),
        ((), {"OTEL_SERVICE_NAME": "given"}, "given"),
        ((), {"OTEL_RESOURCE_ATTRIBUTES": "service.name=attr"}, "attr"),
    ],
)
def test_the_service_has_a_name(tmp_path: Path, flags: tuple[str, ...], variables: dict[str, str], name: str) -> None:
    """The service is called as the flag says, else as a variable says, else as the program."""
    program = tmp_path / "shop.py"
    program.write_text(
        "from opentelemetry import trace\nprint(trace.get_tracer_provider().resource.attributes['service.name'])\n"
    )
    ran = subprocess.run(
        [*SPANGLASS, "run", *flags, str(program)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=clean_environment(**QUIET, **variables),
    )
    assert ran.stdout == f"{name}\n"
