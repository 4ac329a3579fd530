import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spanglass.standin.chatbot import PROGRAMME, SERVICE_NAME
from started import Started, started

pytestmark = pytest.mark.e2e
_SEEN_WITHIN_S = 30


def wait_for(found: Callable[[], Any], *, within_s: float) -> Any:  # noqa: ANN401 - whatever is found
    """Ask again and again until the answer is true."""
    deadline = time.monotonic() + within_s
    while not (answer := found()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.25)
    return answer


def children(pid: int) -> list[int]:
    """The process ids of a process's children."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def demo_traces(up: Started) -> list[dict[str, Any]]:
    """The demo's traces so far."""
    listed: list[dict[str, Any]] = up.get(f"/api/v1/traces?service={SERVICE_NAME}&limit=100")["traces"]
    return listed


def test_the_demo_is_seen_within_seconds_and_ends_with_the_server(tmp_path: Path) -> None:
    """`up --demo` shows live traces in 10 s, most features in 30, and leaves no process behind on Ctrl-C."""
    with started(tmp_path, "--demo") as up:
        wait_for(lambda: demo_traces(up), within_s=10)
        features = {errand.name for errand in PROGRAMME[:10]}
        rows = wait_for(
            lambda: features <= {row["feature"] for row in demo_traces(up)} and demo_traces(up), within_s=_SEEN_WITHIN_S
        )
        assert len({row["user_id"] for row in rows}) > 3
        assert any(row["retries"] for row in rows)
        assert any(row["cost"]["unpriced"] for row in rows)
        assert any(row["status"] == "error" for row in rows)
        the_two = children(up.process.pid)
        assert len(the_two) == 2

        assert up.stop() == (0, "")

        assert not any(Path(f"/proc/{pid}").exists() for pid in the_two)


def test_the_demo_dies_with_a_killed_server(tmp_path: Path) -> None:
    """Even kill -9 of the server leaves none of the demo's processes."""
    with started(tmp_path, "--demo") as up:
        the_two = wait_for(lambda: len(found := children(up.process.pid)) == 2 and found, within_s=20)

        os.kill(up.process.pid, signal.SIGKILL)

        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in the_two), within_s=15)


def test_the_demo_reports_here_whatever_the_variables_say(tmp_path: Path) -> None:
    """Variables that point the user's own applications elsewhere do not send the demo there."""
    elsewhere = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"}
    with started(tmp_path, "--demo", **elsewhere) as up:
        wait_for(lambda: demo_traces(up), within_s=20)
