"""A 200 means durable: the server is killed under load, again and again, and nothing that was answered is lost."""

import itertools
import random
import shutil
import threading
import time
from pathlib import Path

import httpx
import pytest

from exports import export, span_message
from served import child
from spanglass.server.store.duckdb import DuckDBStore

pytestmark = pytest.mark.e2e

PROTOBUF = {"content-type": "application/x-protobuf"}
KILLS = 8
SENDERS = 6
SPANS_A_REQUEST = 20


class Load:
    """Senders that each send one request after the other until the server is gone."""

    def __init__(self, numbers: "itertools.count[int]") -> None:
        self._numbers = numbers
        self._lock = threading.Lock()
        self.acknowledged: list[int] = []
        self.open: list[int] = []
        self.answered = threading.Event()

    def run(self, endpoint: str, stop: threading.Event) -> list[threading.Thread]:
        """Start the senders."""
        threads = [threading.Thread(target=self._send_all, args=(endpoint, stop)) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        return threads

    def _send_all(self, endpoint: str, stop: threading.Event) -> None:
        with httpx.Client(timeout=20) as client:
            while not stop.is_set():
                with self._lock:
                    number = next(self._numbers)
                    self.open.append(number)
                try:
                    response = client.post(f"{endpoint}/v1/traces", content=body(number), headers=PROTOBUF)
                except httpx.TransportError:
                    return
                if response.status_code == 200:
                    with self._lock:
                        self.acknowledged.append(number)
                        self.open.remove(number)
                    self.answered.set()


def body(number: int) -> bytes:
    """Return one request; its number is the trace id of its spans."""
    spans = [span_message(place, trace=number) for place in range(1, SPANS_A_REQUEST + 1)]
    return export(spans).SerializeToString()


def counts(data: Path) -> dict[int, int]:
    """Return how many spans of each request the database holds."""
    store = DuckDBStore(data)
    rows = store.select("SELECT trace_id, count(*) AS spans FROM spans GROUP BY trace_id", {})
    store.close()
    return {int(str(row["trace_id"]), 16): int(str(row["spans"])) for row in rows}


def test_no_kill_loses_what_was_answered_or_keeps_it_twice(tmp_path: Path) -> None:
    """After each kill -9 every acknowledged request is there whole; what is sent again is there once."""
    numbers = itertools.count(1)
    acknowledged: set[int] = set()
    unanswered: list[int] = []
    for round_ in range(KILLS):
        load, stop = Load(numbers), threading.Event()
        with child(tmp_path) as (process, server):
            for number in unanswered:  # as an exporter does with what it heard nothing of
                answer = httpx.post(f"{server.otlp_http}/v1/traces", content=body(number), headers=PROTOBUF)
                assert answer.status_code == 200
                acknowledged.add(number)
            threads = load.run(server.otlp_http, stop)
            load.answered.wait(30)
            time.sleep(random.Random(round_).uniform(0.0, 0.7))
            process.kill()
            process.wait(20)
            stop.set()
            for thread in threads:
                thread.join()
        assert load.acknowledged, "the server answered nothing before it was killed"
        acknowledged.update(load.acknowledged)
        unanswered = list(load.open)
        kept = counts(tmp_path)
        assert {number for number in acknowledged if kept.get(number) != SPANS_A_REQUEST} == set()
        assert set(kept.values()) == {SPANS_A_REQUEST}, "a request is kept whole and once, or not at all"


def test_requests_share_their_syncs(tmp_path: Path) -> None:
    """Every commit reaches the disk by a sync before it is answered, and concurrent requests share one.

    Where strace may be used, the server's fdatasync and fsync calls are counted; elsewhere the commits it counts
    itself are, of which each is one sync.
    """
    trace = tmp_path / "syncs"
    strace = shutil.which("strace")
    wrapper = (strace, "-D", "-f", "-qq", "-e", "trace=fdatasync,fsync", "-o", str(trace)) if strace else ()
    load, stop = Load(itertools.count(1)), threading.Event()
    with child(tmp_path / "data", *wrapper) as (process, server):
        before = syncs(trace)
        threads = load.run(server.otlp_http, stop)
        time.sleep(1.5)
        stop.set()
        for thread in threads:
            thread.join()
        after = syncs(trace)
        commits = metric(server.ui, "spanglass_server_commit_duration_seconds_count")
        process.kill()

    answered = len(load.acknowledged)
    assert 0 < commits < answered
    if strace and before is not None and after is not None:
        assert commits <= after - before <= commits * 2 + 4, "one sync a commit, and now and then a checkpoint's"


def syncs(trace: Path) -> int | None:
    """Return how many syncs were seen so far; None where nothing could be traced."""
    return trace.read_text().count("sync(") if trace.exists() else None


def metric(address: str, name: str) -> float:
    """Return one of the server's own figures."""
    lines = httpx.get(f"{address}/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])


def test_a_killed_server_starts_again_quickly(tmp_path: Path) -> None:
    """Replaying the write-ahead log does not keep a restart waiting."""
    load, stop = Load(itertools.count(1)), threading.Event()
    with child(tmp_path) as (process, server):
        threads = load.run(server.otlp_http, stop)
        time.sleep(1)
        process.kill()
        stop.set()
        for thread in threads:
            thread.join()
    began = time.monotonic()
    with child(tmp_path) as (_, again):
        assert httpx.get(f"{again.ui}/healthz").status_code == 200

    assert time.monotonic() - began < 15
