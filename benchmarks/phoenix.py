"""What the server takes and gives beside Arize Phoenix: the two in turns, with the same spans."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import scale
from benchmarks.ingest import Server, cpu_s, free_port, latency_ms, memory_mb, started
from benchmarks.traffic import SPANS_A_REQUEST, TRACES_A_REQUEST

PYTHON = Path(__file__).parent.parent / ".venv-phoenix" / "bin" / "python"
SPANS = 20_000
LARGE_TRACE = 1_000
KILLED_REQUESTS = 8
"""So many requests are acknowledged before the server is killed."""
_SETTLE_S = 8
_PAGE = 200
_HOUR_NS = 3_600 * 10**9
_QUIET = {
    "PHOENIX_HOST": "127.0.0.1",
    "PHOENIX_TELEMETRY_ENABLED": "false",
    "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
}


@dataclass(frozen=True)
class Product:
    """A server that is measured: how to start it, and how to ask it."""

    command: Callable[[Path, tuple[int, int, int]], list[str]]
    """From the folder for its data and three free ports (API, OTLP/HTTP, OTLP/gRPC)."""
    one_port: bool
    """OTLP/HTTP comes in on the API's port."""
    spans: Callable[[Server], int]
    """How many spans its API shows."""
    newest: str
    """Path that lists the newest 50 traces."""
    trace: str
    """Path that opens the large trace, `{trace}` its id."""


def _up(folder: Path, ports: tuple[int, int, int]) -> list[str]:
    api, otlp, grpc = map(str, ports)
    options = ["--port", api, "--otlp-http-port", otlp, "--otlp-grpc-port", grpc]
    return [sys.executable, "-m", "spanglass", "up", "--data", str(folder), *options]


def _serve(folder: Path, ports: tuple[int, int, int]) -> list[str]:
    settings = _QUIET | {"PHOENIX_WORKING_DIR": str(folder), "PHOENIX_PORT": str(ports[0])}
    settings["PHOENIX_GRPC_PORT"] = str(ports[2])
    assigned = [f"{name}={value}" for name, value in settings.items()]
    return ["env", *assigned, str(PYTHON), "-m", "phoenix.server.main", "serve"]


def _spanglass_spans(server: Server) -> int:
    """Page through all traces and sum their spans."""
    shown, cursor = 0, ""
    while True:
        page = json.loads(scale.get(server, f"traces?from=24h&limit={_PAGE}{cursor}")[0])
        shown += sum(int(row["spans"]) for row in page["traces"])
        if page["next_cursor"] is None:
            return shown
        cursor = f"&cursor={page['next_cursor']}"


def _phoenix_spans(server: Server) -> int:
    """Ask for the number that its own pages show."""
    url = f"http://127.0.0.1:{server.api_port}/graphql"
    body = json.dumps({"query": "{projects{edges{node{recordCount}}}}"}).encode()
    asked = urllib.request.Request(url, body, {"content-type": "application/json"})
    with urllib.request.urlopen(asked) as answer:  # noqa: S310 - our own loopback address
        edges = json.load(answer)["data"]["projects"]["edges"]
    shown: int = sum(edge["node"]["recordCount"] for edge in edges)
    return shown


PRODUCTS = {
    "spanglass": Product(
        _up, False, _spanglass_spans, "api/v1/traces?from=24h&limit=50", f"api/v1/traces/{{trace}}?limit={LARGE_TRACE}"
    ),
    "Phoenix": Product(
        _serve,
        True,
        _phoenix_spans,
        "v1/projects/default/traces?limit=50",
        f"v1/projects/default/spans?trace_id={{trace}}&limit={LARGE_TRACE}",
    ),
}


def version() -> str:
    """Return name and version of the peer."""
    asked = "from importlib.metadata import version; print(version('arize-phoenix'))"
    answer = subprocess.run([str(PYTHON), "-c", asked], check=True, capture_output=True, text=True)
    return f"arize-phoenix {answer.stdout.strip()}"


def measure(rounds: int, spans: int = SPANS) -> dict[str, dict[str, float]]:
    """Measure both in turns, each round on an empty store; return the median of each figure of each product."""
    samples: dict[str, list[dict[str, float]]] = {name: [] for name in PRODUCTS}
    for number in range(rounds):
        for name, product in PRODUCTS.items():
            print(f"round {number + 1}, {name}", file=sys.stderr)
            samples[name].append(_filled(product, -(-spans // SPANS_A_REQUEST)) | _killed(product))
    return {
        name: {figure: statistics.median(one[figure] for one in taken) for figure in taken[0]}
        for name, taken in samples.items()
    }


def _running(product: Product, folder: Path) -> tuple[list[str], tuple[int, int]]:
    ports = (free_port(), free_port(), free_port())
    return product.command(folder, ports), (ports[0] if product.one_port else ports[1], ports[0])


def _filled(product: Product, requests: int) -> dict[str, float]:
    """Start a server on an empty store, fill it, ask it and stop it; return what that took."""
    figures: dict[str, float] = {}
    spans = requests * SPANS_A_REQUEST
    with tempfile.TemporaryDirectory() as folder:
        with started(*_running(product, Path(folder))) as server:
            _until_visible(product, server, 0)
            time.sleep(_SETTLE_S)
            figures["memory at rest, MB"] = _memory_mb(server.pid, "VmRSS")
            used, begun = _cpu_s(server.pid), time.perf_counter()
            figures["acknowledged, spans/s"] = spans / scale.fill(server, _recent(requests), requests, {})
            _until_visible(product, server, spans)
            figures["visible, spans/s"] = spans / (time.perf_counter() - begun)
            time.sleep(_SETTLE_S)
            figures["CPU a span, us"] = (_cpu_s(server.pid) - used) * 1e6 / spans
            figures |= _asked(product, server, spans)
            figures["memory at its peak, MB"] = _memory_mb(server.pid, "VmHWM")
        figures["disk a span, stopped, B"] = scale.disk_bytes(Path(folder)) / (spans + LARGE_TRACE)
    return figures


def _asked(product: Product, server: Server, spans: int) -> dict[str, float]:
    base = f"http://127.0.0.1:{server.api_port}"
    figures = {"the newest 50 traces, ms": latency_ms(f"{base}/{product.newest}")}
    trace = scale.send_large_trace(server, LARGE_TRACE)
    _until_visible(product, server, spans + LARGE_TRACE)
    figures["a trace of 1,000 spans, ms"] = latency_ms(f"{base}/{product.trace.format(trace=trace)}")
    return figures


def _killed(product: Product) -> dict[str, float]:
    """Kill a server right after its last acknowledgement, start it again; return how many spans are lost."""
    sent = KILLED_REQUESTS * SPANS_A_REQUEST
    with tempfile.TemporaryDirectory() as folder:
        with started(*_running(product, Path(folder))) as server:
            _until_visible(product, server, 0)
            scale.fill(server, _recent(KILLED_REQUESTS), KILLED_REQUESTS, {})
            os.kill(server.pid, signal.SIGKILL)
        with started(*_running(product, Path(folder))) as server:
            _until_visible(product, server, 0)
            return {f"lost of {sent:,} acknowledged, killed": sent - product.spans(server)}


def _recent(requests: int) -> tuple[int, int]:
    """Return when the first trace starts and the time between two, so that all are of the last hour."""
    return time.time_ns() - _HOUR_NS, _HOUR_NS // (requests * TRACES_A_REQUEST + 1)


def _until_visible(product: Product, server: Server, spans: int, patience_s: float = 1_200) -> None:
    """Wait until the API answers and shows so many spans.

    Raises:
        RuntimeError: After the patience, or where it shows more than were sent.
    """
    deadline = time.monotonic() + patience_s
    shown = -1
    while shown < spans:
        try:
            shown = product.spans(server)
        except OSError:  # it listens before it answers
            shown = -1
        if time.monotonic() > deadline:
            raise RuntimeError(f"only {shown:,} of {spans:,} spans are visible after {patience_s:,.0f} s")
        if shown < spans:
            time.sleep(0.25)
    if 0 < spans < shown:
        raise RuntimeError(f"{shown:,} spans are visible where {spans:,} were sent")


def _processes(pid: int) -> list[int]:
    """Return a process and all below it; itself alone where /proc does not tell."""
    children = Path(f"/proc/{pid}/task").glob("*/children")
    below = [int(child) for listed in children for child in listed.read_text().split()]
    return [pid, *(one for child in below for one in _processes(child))]


def _memory_mb(pid: int, field: str) -> float:
    return sum(memory_mb(one, field) for one in _processes(pid))


def _cpu_s(pid: int) -> float:
    return sum(cpu_s(one) for one in _processes(pid))


def rows(figures: dict[str, dict[str, float]]) -> Iterator[tuple[str, ...]]:
    """Yield a row of the table for each figure."""
    ours, theirs = figures["spanglass"], figures["Phoenix"]
    for name, mine in ours.items():
        other = theirs[name]
        ratio = "" if name.startswith("lost") else f"{mine / other:,.2f}x"
        yield name, _told(mine), _told(other), ratio


def _told(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.1f}"
