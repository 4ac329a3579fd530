"""A real OTLP/HTTP receiver for tests: a server in this process that decodes what it is sent and can misbehave."""

import gzip
import os
import ssl
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import spanglass

_KINDS = {"traces": ExportTraceServiceRequest, "metrics": ExportMetricsServiceRequest, "logs": ExportLogsServiceRequest}
_INFLATE: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "deflate": zlib.decompress}


@dataclass
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Receiver:
    """What came in, and how to answer."""

    endpoint: str = ""
    status: int = 200
    delay_s: float = 0.0
    answer: bytes = b""
    answer_headers: dict[str, str] = field(default_factory=dict)
    requests: list[Received] = field(default_factory=list)

    def of(self, signal: str) -> list[Received]:
        """The requests of one signal."""
        return [request for request in self.requests if request.path.endswith(signal)]

    def spans(self) -> list[tuple[dict[str, Any], Any]]:
        """Every span with its resource's attributes."""
        return [
            (values(resource.resource.attributes), span)
            for request in self.of("traces")
            for resource in request.body.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def span_names(self) -> list[str]:
        """The names of all spans, sorted."""
        return sorted(span.name for _, span in self.spans())

    def logs(self) -> list[tuple[str, Any]]:
        """Every log record with its logger's name."""
        return [
            (scope.scope.name, record)
            for request in self.of("logs")
            for resource in request.body.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    def points(self, name: str) -> list[tuple[dict[str, Any], Any]]:
        """Every point of a metric, oldest first, with its resource's attributes."""
        return [
            (values(resource.resource.attributes), point)
            for request in self.of("metrics")
            for resource in request.body.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in (metric.sum.data_points or metric.histogram.data_points or metric.gauge.data_points)
        ]

    def wait_for(self, what: Callable[[], bool], timeout_s: float = 10.0) -> bool:
        """Wait until something is so."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if what():
                return True
            time.sleep(0.02)
        return what()


def values(attributes: Any) -> dict[str, Any]:  # noqa: ANN401 - protobuf's repeated container
    """OTLP attributes as plain values."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value") for pair in attributes}


@contextmanager
def receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run one for the length of a test, with TLS if told so."""
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(state.delay_s)
            raw = _INFLATE.get(self.headers.get("Content-Encoding", ""), bytes)(raw)
            kind: type[Message] = _KINDS[self.path.rsplit("/", 1)[1]]
            if state.status == 200:
                state.requests.append(Received(self.path, dict(self.headers.items()), kind.FromString(raw)))
            self.send_response(state.status)
            for name, value in state.answer_headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(state.answer)))
            self.end_headers()
            self.wfile.write(state.answer)

        def handle(self) -> None:
            with suppress(OSError):  # a client that goes away, or does not trust us
                super().handle()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    state.endpoint = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def run(script: str, *, endpoint: str | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program in a process of its own, with nothing of this environment but PATH."""
    # From Python 3.12 on, forking a process with threads warns; that it works is what such a program shows.
    quiet = ["-W", "error::ResourceWarning", "-W", "ignore:This process:DeprecationWarning"]
    command = [sys.executable, *quiet, "-c", script]
    return subprocess.run(
        command,
        env=environment(endpoint, **variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def environment(endpoint: str | None, **variables: str) -> dict[str, str]:
    """The environment of such a program."""
    source = str(Path(spanglass.__file__).parents[1])
    found = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": source, **variables}
    if endpoint is not None:
        found["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
    return found
