"""Starts `spanglass up` as a user does: a process of its own, free ports, a directory of its own."""

import json
import os
import select
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SPANGLASS = [sys.executable, "-m", "spanglass"]
_STARTS_WITHIN_S = 30
_ENDS_WITHIN_S = 15


@dataclass(frozen=True)
class Started:
    """A running server."""

    process: subprocess.Popen[str]
    ui: str
    otlp_http: str
    otlp_grpc: str

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON of any form
        """Ask the API."""
        with urllib.request.urlopen(self.ui + path, timeout=10) as answer:  # noqa: S310 - our own address
            return json.load(answer)

    def stop(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """End it as Ctrl-C does; returns the exit code and what it said on stderr."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=_ENDS_WITHIN_S)
        return self.process.returncode, said


@contextmanager
def started(directory: Path, *flags: str, **variables: str) -> Iterator[Started]:
    """Run `spanglass up` while the block runs."""
    command = [*SPANGLASS, "up", "--json", "--port", "0", "--otlp-http-port", "0", "--otlp-grpc-port", "0"]
    process = subprocess.Popen(
        [*command, "--data", str(directory / "data"), *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=directory,
        env=clean_environment(**variables),
    )
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], _STARTS_WITHIN_S)[0], "spanglass up did not start"
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        told = json.loads(line)
        yield Started(process, told["ui"], told["otlp_http"], told["otlp_grpc"])
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def clean_environment(**variables: str) -> dict[str, str]:
    """Return this process's variables without those that change what spanglass does, and with those given."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("SPANGLASS_", "OTEL_", "OPENAI_"))
    }
    return inherited | variables
