"""Starts a service once for all processes of a test run and stops it when the last of them is gone, however it went.

Who uses a service holds a shared lock on its `users` file; the kernel lets go of it when that process ends. The
keeper, a process of its own, waits for the exclusive lock: it gets it when nobody uses the service any more.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from parts import missing_part
from services.kafka_server import Kafka
from services.postgresql import PostgreSQL
from services.redis_server import Redis
from services.service import Running, Service, free_ports

_SERVICES: dict[str, Service] = {service.name: service for service in (Redis(), PostgreSQL(), Kafka())}
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 15.0


@contextmanager
def using(name: str, shared: Path) -> Iterator[Running]:
    """Use a service while the block runs; the first user starts it.

    Args:
        name: Which one.
        shared: A folder that all processes of this test run share.
    """
    reason = _SERVICES[name].missing()
    if reason is not None:
        missing_part(reason)
    state = shared / f"{name}.json"
    with (shared / f"{name}.users").open("a") as users:
        with (shared / f"{name}.starting").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)  # one of us starts it, the others find it started
            fcntl.flock(users, fcntl.LOCK_SH)
            if not state.exists():
                _start(name, shared, state)
        found = json.loads(state.read_text())
        if "failure" in found:
            raise RuntimeError(found["failure"])
        yield Running(tuple(found["ports"]), Path(found["folder"]))


def _start(name: str, shared: Path, state: Path) -> None:
    command = [sys.executable, "-m", "services.keeper", name, str(shared)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    said = shared / f"{name}.log"
    with said.open("wb") as log:
        # A session of its own: an interrupt in the terminal is for the tests, whose end it waits for.
        keeper = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    while not state.exists():
        if keeper.poll() is not None:
            raise RuntimeError(f"{name} could not be started:\n{said.read_text(errors='replace')}")
        time.sleep(0.02)
    keeper.returncode = 0  # it outlives this process; nobody waits for it


def keep(service: Service, shared: Path) -> None:
    """Run a service until nobody uses it; what is known of it is in `<name>.json` of the shared folder meanwhile."""
    state = shared / f"{service.name}.json"
    with tempfile.TemporaryDirectory(prefix=f"spanglass-{service.name}-") as folder:
        place = Running(free_ports(service.port_count), Path(folder))
        with (place.folder / "log").open("wb") as log:
            process = subprocess.Popen(service.prepare(place), cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            _publish(state, {**asdict(place), "folder": folder} if _comes_up(service, place, process) else _why(place))
            with (shared / f"{service.name}.users").open("a") as users:
                fcntl.flock(users, fcntl.LOCK_EX)
                state.unlink()
                _stop(process)  # still locked: who comes now waits, and starts it anew
        finally:
            _stop(process)


def _comes_up(service: Service, place: Running, process: "subprocess.Popen[bytes]") -> bool:
    end = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < end and process.poll() is None:
        if service.ready(place):
            return True
        time.sleep(0.02)
    return False


def _why(place: Running) -> dict[str, object]:
    log = (place.folder / "log").read_text(errors="replace")
    return {"failure": f"the service did not come up; its log ends:\n{log[-4000:]}"}


def _publish(state: Path, found: dict[str, object]) -> None:
    fresh = state.with_suffix(".new")
    fresh.write_text(json.dumps(found))
    fresh.rename(state)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGINT)  # of PostgreSQL's ways to stop, the one that does not wait for clients
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    keep(_SERVICES[sys.argv[1]], Path(sys.argv[2]))
