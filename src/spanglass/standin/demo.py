"""Runs the demo beside a server: a stand-in provider and a chatbot, each a child process that ends with this one."""

from __future__ import annotations

import importlib.util
import os
import re
import select
import subprocess
import sys
from collections.abc import Mapping

from spanglass.errors import ConfigurationError
from spanglass.settings import SDK_API_KEY, SDK_ENDPOINT, SDK_HOSTS

_ANSWERS_WITHIN_S = 20.0
_ENDS_WITHIN_S = 5.0
_ELSEWHERE = re.compile(r"^(OTEL|SPANGLASS|OPENAI)_|_PROXY$", re.IGNORECASE)
_NEEDED = ("openai", "starlette", "uvicorn")


class Demo:
    """The demo's two processes.

    Args:
        api_key: The receiver's key.
        speed: How much faster than life the demo goes.

    Raises:
        ConfigurationError: A package that the demo needs is missing.
    """

    def __init__(self, *, api_key: str | None = None, speed: float = 1.0) -> None:
        _require_packages()
        self._api_key = api_key
        self._speed = speed
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, endpoint: str) -> None:
        """Start both; returns when the stand-in listens.

        Args:
            endpoint: Base URL of the OTLP/HTTP receiver that the chatbot reports to.

        Raises:
            ConfigurationError: The stand-in does not start.
        """
        variables = environment(os.environ, endpoint=endpoint, api_key=self._api_key)
        try:
            provider = self._start(variables, "provider")
            self._start(variables, "chatbot", "--base-url", _first_line(provider))
        except BaseException:
            self.stop()
            raise

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids, the provider's first."""
        return tuple(process.pid for process in self._processes)

    def stop(self) -> None:
        """End both processes, the chatbot first, so that it can say its last."""
        for process in reversed(self._processes):
            if process.stdin:
                process.stdin.close()
            try:
                process.wait(_ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()
        self._processes.clear()

    def _start(self, variables: Mapping[str, str], role: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", "-m", "spanglass.standin", role, "--speed", str(self._speed), *arguments]
        process = subprocess.Popen(  # noqa: S603 - our own program
            command,
            stdin=subprocess.PIPE,  # its end tells the child that we are gone, however we went
            stdout=subprocess.PIPE if role == "provider" else subprocess.DEVNULL,
            env=variables,
        )
        self._processes.append(process)
        return process


def _require_packages() -> None:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f'The demo needs {", ".join(missing)}: pip install "spanglass[server,demo]", or start without --demo.'
        )


def environment(variables: Mapping[str, str], *, endpoint: str, api_key: str | None) -> dict[str, str]:
    """Return the variables of the demo's processes: ours, with none that would send the demo elsewhere.

    Args:
        variables: The variables of this process.
        endpoint: Base URL of the receiver.
        api_key: The receiver's key.
    """
    ours = {name: value for name, value in variables.items() if not _ELSEWHERE.search(name)}
    if api_key:
        ours[SDK_API_KEY.env] = api_key
    return ours | {
        SDK_ENDPOINT.env: endpoint,
        SDK_HOSTS.env: "127.0.0.1=openai",
        "OTEL_BSP_SCHEDULE_DELAY": "1000",  # the demo should be seen at once; an application can wait
        "OTEL_METRIC_EXPORT_INTERVAL": "10000",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY",  # made-up people have nothing to hide
    }


def _first_line(process: subprocess.Popen[bytes]) -> str:
    stream = process.stdout
    ready = stream and select.select([stream], [], [], _ANSWERS_WITHIN_S)[0]
    line = stream.readline().decode().strip() if stream and ready else ""
    if not line:
        raise ConfigurationError(
            "The demo's stand-in provider did not start; what it says is above. Try without --demo."
        )
    return line
