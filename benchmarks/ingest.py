"""What the server keeps a second and what that takes, beside a receiver that only appends bytes and syncs."""

from __future__ import annotations

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SPANS_A_REQUEST = 512
SPANS_A_TRACE = 8
SENDERS = 4
STEPS = (10_000, 100_000)
MODELS = ("gpt-4o-mini-2024-07-18", "gpt-4o-2024-08-06", "gpt-5-2025-08-07", "o4-mini-2025-04-16")


def request(number: int, start_ns: int) -> bytes:
    """Return one OTLP request of 512 spans in 64 traces: a root, steps, tools and model calls with 18 attributes."""
    message = ExportTraceServiceRequest()
    group = message.resource_spans.add()
    for key, value in (("service.name", f"bench-{number % 4}"), ("deployment.environment.name", "bench")):
        group.resource.attributes.add(key=key).value.string_value = value
    scope = group.scope_spans.add()
    scope.scope.name = "spanglass"
    trace_id = root_id = b""
    for index in range(SPANS_A_REQUEST):
        span = scope.spans.add(span_id=os.urandom(8), kind=3)
        if index % SPANS_A_TRACE == 0:
            trace_id, root_id = os.urandom(16), span.span_id
            span.name = "POST /chat"
        else:
            span.parent_span_id, span.name = root_id, "chat gpt-4o-mini"
        span.trace_id = trace_id
        span.start_time_unix_nano = start_ns + (number * SPANS_A_REQUEST + index) * 1_000_000
        span.end_time_unix_nano = span.start_time_unix_nano + 800_000_000 + index * 1_000_000
        for key, value in _strings(number, index):
            span.attributes.add(key=key).value.string_value = value
        for key, integer in (
            ("server.port", 443),
            ("http.response.status_code", 200),
            ("gen_ai.usage.input_tokens", 200 + index),
            ("gen_ai.usage.output_tokens", 50 + index),
            ("gen_ai.usage.cache_read.input_tokens", index),
        ):
            span.attributes.add(key=key).value.int_value = integer
        span.attributes.add(key="spanglass.response.time_to_first_token").value.double_value = 0.2 + index / 1000
    return message.SerializeToString()


def _strings(number: int, index: int) -> tuple[tuple[str, str], ...]:
    model = MODELS[index % len(MODELS)]
    return (
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "openai"),
        ("gen_ai.request.model", model),
        ("gen_ai.response.model", model),
        ("gen_ai.response.id", f"chatcmpl-{number:06}-{index:04}"),
        ("server.address", "api.openai.com"),
        ("user.id", f"user-{index % 97}"),
        ("session.id", f"session-{number % 31}-{index % 13}"),
        ("spanglass.feature", ("search", "support", "summaries")[index % 3]),
        ("gen_ai.prompt.name", "answer"),
        ("gen_ai.prompt.version", "7"),
        ("openai.response.service_tier", "default"),
    )


@dataclass(frozen=True)
class Server:
    """A started server: its process and where to send and ask."""

    pid: int
    otlp_port: int
    api_port: int


def free_port() -> int:
    """Return a port nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(command: list[str], server_ports: tuple[int, int]) -> Iterator[Server]:
    """Run a server until it accepts connections; stop it afterwards."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 240
            while not _accepts(server_ports[0]):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command[0]} did not start listening on port {server_ports[0]}")
                time.sleep(0.1)
            yield Server(process.pid, *server_ports)
        finally:
            process.terminate()
            process.wait(timeout=60)


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def memory_mb(pid: int, field: str) -> float:
    """Return VmRSS or VmHWM of a process in MB; 0.0 where /proc does not tell."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0.0
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(field)) / 1024


def cpu_s(pid: int) -> float:
    """Return the CPU seconds a process has used; 0.0 where /proc does not tell."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def send(port: int, bodies: list[bytes]) -> float:
    """Send every body over a few connections, again where refused for now; return seconds until all are kept."""

    def one_sender(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for body in bodies[first::SENDERS]:
            while True:
                connection.request("POST", "/v1/traces", body, {"content-type": "application/x-protobuf"})
                answer = connection.getresponse()
                answer.read()
                if answer.status == http.HTTPStatus.OK:
                    break
                if answer.status != http.HTTPStatus.TOO_MANY_REQUESTS:
                    raise RuntimeError(f"the server answered {answer.status}")
                time.sleep(0.05)
        connection.close()

    begun = time.perf_counter()
    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(one_sender, range(SENDERS)))
    return time.perf_counter() - begun


def latency_ms(url: str, times: int = 15) -> float:
    """Return the median time of a GET, in milliseconds."""
    samples = []
    for _ in range(times):
        begun = time.perf_counter()
        with urllib.request.urlopen(url) as answer:  # noqa: S310 - our own loopback address
            answer.read()
        samples.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(samples)


def floor_rate(bodies: list[bytes]) -> float:
    """Return spans a second through a receiver that appends each body to a file and syncs it before it answers."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.filelog", str(port), str(Path(folder) / "log")]
        with started(command, (port, port)) as server:
            return len(bodies) * SPANS_A_REQUEST / send(server.otlp_port, bodies)


@contextmanager
def spanglass(folder: str) -> Iterator[Server]:
    """Run a server of ours on a folder."""
    api, otlp, grpc = free_port(), free_port(), free_port()
    ports = ["--port", str(api), "--otlp-http-port", str(otlp), "--otlp-grpc-port", str(grpc)]
    with started([sys.executable, "-m", "spanglass", "up", "--data", folder, *ports], (otlp, api)) as server:
        time.sleep(3)
        yield server


def measure() -> dict[str, float]:
    """Start a server on an empty store, fill it in steps, and ask it questions after each."""
    now = time.time_ns()
    count = sum(STEPS) // SPANS_A_REQUEST + 1
    bodies = [request(number, now - count * SPANS_A_REQUEST * 1_000_000) for number in range(count)]
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        with spanglass(folder) as server:
            figures["memory at rest, MB"] = memory_mb(server.pid, "VmRSS")
            sent = 0
            for step in STEPS:
                part = bodies[sent : sent + step // SPANS_A_REQUEST + 1]
                sent += len(part)
                spans, used = len(part) * SPANS_A_REQUEST, cpu_s(server.pid)
                seconds = send(server.otlp_port, part)
                figures[f"durable spans/s, {step:,}"] = spans / seconds
                figures[f"server CPU a span, us, {step:,}"] = (cpu_s(server.pid) - used) * 1e6 / spans
                figures[f"floor spans/s, {step:,}"] = floor_rate(part)
                figures.update(_questions(server, step))
            figures["memory peak, MB"] = memory_mb(server.pid, "VmHWM")
        kept = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        figures["disk a span, B"] = kept / (sent * SPANS_A_REQUEST)
    return figures


def _questions(server: Server, step: int) -> dict[str, float]:
    base = f"http://127.0.0.1:{server.api_port}/api/v1"
    with urllib.request.urlopen(f"{base}/traces?from=24h&limit=50") as answer:  # noqa: S310
        trace_id = json.load(answer)["traces"][0]["trace_id"]
    return {
        f"list, ms, {step:,}": latency_ms(f"{base}/traces?from=24h&limit=50"),
        f"overview, ms, {step:,}": latency_ms(f"{base}/overview?from=24h"),
        f"open trace, ms, {step:,}": latency_ms(f"{base}/traces/{trace_id}"),
    }
