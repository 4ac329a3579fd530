"""What the server is like with millions of spans: taking them in, holding them, answering every question."""

from __future__ import annotations

import http.client
import json
import statistics
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.ingest import SENDERS, Server, cpu_s, memory_mb, spanglass
from benchmarks.traffic import SPANS_A_REQUEST, TRACES_A_REQUEST, Traffic

SPANS = 10_000_000
DAYS = 28
LARGE_TRACE = 10_000
RANGES = ("24h", "7d", "31d")
TIMES = 7
"""How often each question is asked of each range."""
_DAY_NS = 86_400 * 10**9
QUESTIONS: dict[str, str] = {
    "overview": "overview?from={range}",
    "traces, newest": "traces?from={range}",
    "traces of a user": "traces?from={range}&user={user}",
    "traces that failed": "traces?from={range}&status=error",
    "traces by attribute, q=": "traces?from={range}&q=" + quote("db.operation.name:SELECT duration>1s"),
    "text that many hold": "search?from={range}&q=" + quote('"where is my order"'),
    "text that none holds": "search?from={range}&q=" + quote('"quetzalcoatl"'),
    "one trace": "traces/{trace}",
    "sessions": "sessions?from={range}",
    "one session": "sessions/{session}?from={range}",
    "users": "users?from={range}",
    "models": "models?from={range}",
    "cost by feature": "cost?from={range}&by=feature",
    "cost by user": "cost?from={range}&by=user",
    "cost by session": "cost?from={range}&by=session",
    "savings": "savings?from={range}",
    "prompts": "prompts?from={range}",
    "one prompt": "prompts/answer?from={range}",
    "latency": "latency?from={range}",
    "tools": "tools?from={range}",
    "agents": "agents?from={range}",
    "errors": "errors?from={range}",
    "quality": "quality?from={range}",
    "where the time went": "time?from={range}",
    "menus": "services?from={range}",
    "attributes": "attributes?from={range}",
}
_TEXT = ("text that many hold", "text that none holds", "traces by attribute, q=")


def measure(spans: int = SPANS) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Fill a new server over HTTP, then ask it; return what it took, and the milliseconds of each question."""
    traces = -(-spans // SPANS_A_REQUEST) * TRACES_A_REQUEST
    gap_ns = DAYS * _DAY_NS // traces
    traffic = (time.time_ns() - DAYS * _DAY_NS, gap_ns)
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, spanglass(folder) as server:
        figures["memory at rest, MB"] = memory_mb(server.pid, "VmRSS")
        used = cpu_s(server.pid)
        seconds = fill(server, traffic, -(-spans // SPANS_A_REQUEST), figures)
        figures["durable spans/s"] = spans / seconds
        figures["server CPU a span, us"] = (cpu_s(server.pid) - used) * 1e6 / spans
        figures["memory peak while taking in, MB"] = memory_mb(server.pid, "VmHWM")
        figures["summarised after, s"] = until_summarised(server, spans)
        large = send_large_trace(server)
        figures["disk a span, B"] = disk_bytes(Path(folder)) / spans
        asked = ask_all(server, large)
        figures["memory peak, MB"] = memory_mb(server.pid, "VmHWM")
        figures["memory at the end, MB"] = memory_mb(server.pid, "VmRSS")
    return figures, asked


def fill(server: Server, traffic: tuple[int, int], requests: int, figures: dict[str, float]) -> float:
    """Send so many requests over a few connections; return seconds until all are kept."""
    refused: list[int] = []
    sent: list[int] = []

    def one_sender(number: int) -> None:
        mine = Traffic(start_ns=traffic[0], gap_ns=traffic[1])
        connection = http.client.HTTPConnection("127.0.0.1", server.otlp_port)
        for request in range(number, requests, SENDERS):  # all go through time together, as applications do
            for body in mine.requests(request, 1):
                while not _kept(connection, body):
                    refused.append(1)
                    time.sleep(0.05)
                sent.append(1)
        connection.close()

    begun = time.perf_counter()
    senders = [threading.Thread(target=one_sender, args=(number,)) for number in range(SENDERS)]
    for sender in senders:
        sender.start()
    while any(sender.is_alive() for sender in senders):
        senders[0].join(10)
        passed = time.perf_counter() - begun
        rate = len(sent) * SPANS_A_REQUEST / passed
        print(f"\r{len(sent) * SPANS_A_REQUEST:,} spans, {rate:,.0f}/s", end="", file=sys.stderr, flush=True)
        for sender in senders:
            sender.join(0.01)
    print(file=sys.stderr)
    figures["told to wait, times"] = len(refused)
    return time.perf_counter() - begun


def _kept(connection: http.client.HTTPConnection, body: bytes) -> bool:
    connection.request("POST", "/v1/traces", body, {"content-type": "application/x-protobuf"})
    answer = connection.getresponse()
    answer.read()
    full = {http.HTTPStatus.TOO_MANY_REQUESTS, http.HTTPStatus.SERVICE_UNAVAILABLE}
    if answer.status != http.HTTPStatus.OK and answer.status not in full:
        raise RuntimeError(f"the server answered {answer.status}")
    return answer.status == http.HTTPStatus.OK


def until_summarised(server: Server, spans: int) -> float:
    """Wait until all calls are in the figures of the long range as fast as they will be; return seconds."""
    begun = time.perf_counter()
    took = last = 0.0
    while time.perf_counter() - begun < 600 + spans / 50_000:
        last, took = took, milliseconds(server, "overview?from=31d")
        if took < 300 and last < 300 and last:
            break
        time.sleep(5)
    return time.perf_counter() - begun


def send_large_trace(server: Server, spans: int = LARGE_TRACE) -> str:
    """Send one trace of so many spans; return its id."""
    trace_id, now = bytes(range(16)), time.time_ns() - 60 * 10**9
    for first in range(0, spans, SPANS_A_REQUEST):
        message = ExportTraceServiceRequest()
        scope = message.resource_spans.add().scope_spans.add()
        for number in range(first, min(spans, first + SPANS_A_REQUEST)):
            span = scope.spans.add(trace_id=trace_id, span_id=(number + 1).to_bytes(8, "big"), name=f"step {number}")
            if number:
                span.parent_span_id = (1 + (number - 1) // 8).to_bytes(8, "big")
            span.start_time_unix_nano, span.end_time_unix_nano = now + number * 10**6, now + (number + 50) * 10**6
            span.attributes.add(key="note").value.string_value = "what happened here " * 4
        connection = http.client.HTTPConnection("127.0.0.1", server.otlp_port)
        while not _kept(connection, message.SerializeToString()):
            time.sleep(0.05)
        connection.close()
    return trace_id.hex()


def ask_all(server: Server, large: str) -> dict[str, list[float]]:
    """Return the milliseconds of each question, asked several times of each range, and of opening the large trace."""
    listed = json.loads(get(server, "traces?from=31d&limit=200")[0])["traces"]
    chosen = [row for row in listed if row["user_id"]] or listed
    asked: dict[str, list[float]] = {}
    for name, path in QUESTIONS.items():
        ranges = RANGES if "{range}" in path else RANGES[:1]
        for wanted in ranges:
            for number in range(TIMES):
                row = chosen[number * 7 % len(chosen)]
                values = {"range": wanted, "user": row["user_id"], "trace": row["trace_id"]}
                values["session"] = quote(str(row["session_id"]), safe="")
                took = milliseconds(server, path.format(**values))
                asked.setdefault(name, []).append(took)
                if took == float("inf"):
                    break
        print(f"{name:>28} {statistics.median(asked[name]):8.0f} ms", file=sys.stderr, flush=True)
    asked["a trace of 10,000 spans"] = [open_whole(server, large) for _ in range(TIMES)]
    return asked


def open_whole(server: Server, trace_id: str) -> float:
    """Return the milliseconds until all pages of a trace are there."""
    begun = time.perf_counter()
    offset: int | None = 0
    while offset is not None:
        offset = json.loads(get(server, f"traces/{trace_id}?limit=5000&offset={offset}")[0])["next_offset"]
    return (time.perf_counter() - begun) * 1e3


def milliseconds(server: Server, path: str) -> float:
    """Return the milliseconds of a question; infinite where it is refused."""
    answer, took = get(server, path)
    return took if answer else float("inf")


def get(server: Server, path: str) -> tuple[bytes, float]:
    """Return an answer and its milliseconds; nothing where it is refused, which is told."""
    begun = time.perf_counter()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.api_port}/api/v1/{path}", timeout=60) as answer:
            body: bytes = answer.read()
    except urllib.error.HTTPError as error:
        print(f"{path}: {error.code} {error.read()[:200]!r}", file=sys.stderr)
        return b"", 0.0
    return body, (time.perf_counter() - begun) * 1e3


def disk_bytes(folder: Path) -> int:
    """Return the bytes of all files below."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def rows(asked: dict[str, list[float]]) -> Iterator[tuple[str, ...]]:
    """Yield a row of the table for each question."""
    for name, samples in asked.items():
        ordered = sorted(samples)
        p95 = ordered[min(len(ordered) - 1, round(len(ordered) * 0.95))]
        bar = 1_000 if name.startswith("a trace of") else 2_000 if name in _TEXT else 300
        yield name, f"{statistics.median(ordered):,.0f}", f"{p95:,.0f}", f"{bar:,}"
