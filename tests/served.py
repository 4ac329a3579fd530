"""A real server for tests: in this process on a thread of its own, or in a process that can be killed."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spanglass.server.app import Addresses, serve
from spanglass.server.config import Ages, Config

_CHILD = """
import dataclasses, json, pathlib, sys
from spanglass.server.app import run
from spanglass.server.config import Config

def ready(addresses):
    print(json.dumps(dataclasses.asdict(addresses)), flush=True)

run(Config(data=pathlib.Path(sys.argv[1]), port=0, otlp_http_port=0, otlp_grpc_port=0), ready=ready)
"""


FOR_EVER = Ages(traces=None, content=None, logs=None, metrics=None, minutes=None, hours=None)
"""Tests send what is older than is kept."""


def config(data: Path, **changes: object) -> Config:
    """Return settings with ports that the system chooses."""
    ports: dict[str, object] = {"port": 0, "otlp_http_port": 0, "otlp_grpc_port": 0}
    # The ceiling is of the process, and this one holds the tests and what they loaded, too.
    chosen = {"data": data, **ports, "memory_mib": 8192, "keep": FOR_EVER, **changes}
    return Config(**chosen)  # type: ignore[arg-type]  # the test names settings by keyword


@contextmanager
def running(settings: Config) -> Iterator[Addresses]:
    """Run a server on a thread while the block runs."""
    up = threading.Event()
    found: list[Addresses | BaseException] = []
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def main() -> None:
        leave = asyncio.Event()
        stop.append((asyncio.get_running_loop(), leave))
        async with serve(settings) as addresses:
            found.append(addresses)
            up.set()
            await leave.wait()

    def thread_main() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 - handed to the test's thread below
            found.append(error)
            up.set()

    thread = threading.Thread(target=thread_main)
    thread.start()
    assert up.wait(30)
    addresses = found[0]
    try:
        if isinstance(addresses, BaseException):
            raise addresses
        yield addresses
    finally:
        loop, leave = stop[0]
        if not loop.is_closed():
            loop.call_soon_threadsafe(leave.set)
        thread.join(30)
    assert not thread.is_alive()
    assert len(found) == 1, f"the server failed while it stopped: {found[1:]}"


@contextmanager
def child(data: Path, *wrapper: str) -> Iterator[tuple["subprocess.Popen[bytes]", Addresses]]:
    """Run a server in a process of its own, which the test may kill; a wrapper is a command that starts it."""
    command = [*wrapper, sys.executable, "-c", _CHILD, str(data)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SPANGLASS_", "OTEL_"))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdout is not None
            yield process, Addresses(**json.loads(process.stdout.readline()))
        finally:
            process.kill()
