"""An application of a test's own in a real server: a process as a service manager starts and ends it."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from services.service import free_ports


@contextmanager
def app_server(command: str, program: Path, variables: Mapping[str, str], *, unwanted: str) -> Iterator[int]:
    """Run a server until the block ends, then end it by SIGTERM.

    Args:
        command: What to run by `python -m`, with `{port}`.
        program: The application's file, which is importable by its name.
        variables: Those of the process; PYTHONPATH is among them.
        unwanted: What it must not say.
    """
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [sys.executable, "-m", *command.format(port=port).split()],
        env={**variables, "PYTHONPATH": f"{variables['PYTHONPATH']}:{program.parent}"},
        cwd=program.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)
        assert unwanted not in said, said
