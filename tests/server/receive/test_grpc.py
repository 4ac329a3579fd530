"""OTLP/gRPC: the real exporter and raw calls against a real server on a port of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from exports import export, span_message
from records import T0
from spanglass.errors import Overloaded, StoreUnavailable
from spanglass.server.access import Access
from spanglass.server.allowance import Allowance
from spanglass.server.counters import Counters
from spanglass.server.receive.grpc import otlp_grpc
from spanglass.server.receive.limits import Limits
from spanglass.server.receive.receiver import Receiver
from spanglass.server.record import Received, Signal

REQUEST = export([span_message()])


class Service:
    """A running server: its address, what reached its sink, and how the sink fails."""

    def __init__(self) -> None:
        self.address = ""
        self.received: list[Received] = []
        self.failure: Exception | None = None
        self.counters = Counters()

    async def sink(self, received: Received) -> None:
        """Keep a request, or fail."""
        if self.failure is not None:
            raise self.failure
        self.received.append(received)


@contextmanager
def serving(api_key: str | None = None) -> Iterator[Service]:
    service = Service()
    up = threading.Event()
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def main() -> None:
        limits = Limits(body_bytes=100_000)
        receiver = Receiver(service.sink, limits=limits, allowance=Allowance(1_000_000), counters=service.counters)
        server = otlp_grpc(receiver, Access("127.0.0.1", api_key=api_key))
        service.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        await server.start()
        leave = asyncio.Event()
        stop.append((asyncio.get_running_loop(), leave))
        up.set()
        await leave.wait()
        await server.stop(1)
        receiver.close()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert up.wait(10)
    try:
        yield service
    finally:
        stop[0][0].call_soon_threadsafe(stop[0][1].set)
        thread.join(10)


@pytest.fixture(scope="module")
def shared() -> Iterator[Service]:
    with serving() as service:
        yield service


@pytest.fixture
def service(shared: Service) -> Service:
    shared.received.clear()
    shared.counters.rejected.clear()
    shared.failure = None
    return shared


def export_call(
    channel: grpc.Channel, service: str = "trace.v1.TraceService"
) -> grpc.UnaryUnaryMultiCallable[Message, ExportTraceServiceResponse]:
    """Return the Export method; the responses of the three services have the same form."""
    return channel.unary_unary(
        f"/opentelemetry.proto.collector.{service}/Export",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=ExportTraceServiceResponse.FromString,
    )


def refusal(service: Service, request: ExportTraceServiceRequest, key: str | None = None) -> grpc.RpcError:
    metadata = None if key is None else (("authorization", f"Bearer {key}"),)
    with grpc.insecure_channel(service.address) as channel, pytest.raises(grpc.RpcError) as caught:
        export_call(channel)(request, timeout=10, metadata=metadata)
    return caught.value


def as_bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_the_real_exporter_is_understood(service: Service, compression: grpc.Compression) -> None:
    """Spans of the OpenTelemetry SDK arrive, compressed or not."""
    exporter = OTLPSpanExporter(endpoint=service.address, insecure=True, compression=compression)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    with provider.get_tracer("test").start_as_current_span("over grpc"):
        pass
    provider.shutdown()

    assert [span.name for received in service.received for span in received.spans] == ["over grpc"]


def test_all_three_signals_are_taken(service: Service) -> None:
    """Metrics and logs have their services too."""
    log = ResourceLogs(scope_logs=[ScopeLogs(log_records=[LogRecord(time_unix_nano=T0)])])
    gauge = Gauge(data_points=[NumberDataPoint(time_unix_nano=T0, as_int=1)])
    metric = ResourceMetrics(scope_metrics=[ScopeMetrics(metrics=[Metric(name="m", gauge=gauge)])])

    with grpc.insecure_channel(service.address) as channel:
        export_call(channel)(REQUEST, timeout=10)
        export_call(channel, "logs.v1.LogsService")(ExportLogsServiceRequest(resource_logs=[log]), timeout=10)
        export_call(channel, "metrics.v1.MetricsService")(
            ExportMetricsServiceRequest(resource_metrics=[metric]), timeout=10
        )

    assert [received.signal for received in service.received] == [Signal.TRACES, Signal.LOGS, Signal.METRICS]


def test_rejected_items_are_told_as_a_partial_success(service: Service) -> None:
    """The response says how many spans were left out, and why."""
    bad = span_message(2)
    bad.trace_id = b""

    with grpc.insecure_channel(service.address) as channel:
        response = export_call(channel)(export([span_message(), bad]), timeout=10)

    assert response.partial_success.rejected_spans == 1


def test_a_full_queue_is_told_with_a_time_to_come_back(service: Service) -> None:
    """RESOURCE_EXHAUSTED carries a RetryInfo where each language's exporter looks for it."""
    service.failure = Overloaded("full", retry_after_s=2)

    error = refusal(service, REQUEST)
    trailing = {part.key: as_bytes(part.value) for part in error.trailing_metadata()}
    status, info = Status.FromString(trailing["grpc-status-details-bin"]), RetryInfo()

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert status.details[0].Unpack(info)
    assert info.retry_delay.seconds == 2
    assert RetryInfo.FromString(trailing["google.rpc.retryinfo-bin"]) == info


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (StoreUnavailable("disk full"), grpc.StatusCode.UNAVAILABLE),
        (KeyError("secret"), grpc.StatusCode.INTERNAL),
    ],
)
def test_a_failure_behind_is_told(service: Service, failure: Exception, code: grpc.StatusCode) -> None:
    """A failed store may be tried again, a fault of ours not; its words stay here."""
    service.failure = failure

    error = refusal(service, REQUEST)

    assert error.code() is code
    assert "secret" not in str(error.details())


def test_garbage_is_refused_and_harms_nothing(service: Service) -> None:
    """A message that is no export gets INVALID_ARGUMENT, and the next one is served."""
    with grpc.insecure_channel(service.address) as channel:
        raw = channel.unary_unary(
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            request_serializer=bytes,
            response_deserializer=bytes,
        )
        with pytest.raises(grpc.RpcError) as caught:
            raw(b"\xff\xff\xff", timeout=10)
        export_call(channel)(REQUEST, timeout=10)

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert service.counters.rejected == {(Signal.TRACES, "malformed"): 1}
    assert len(service.received) == 1


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_a_message_over_the_limit_is_refused(service: Service, compression: grpc.Compression) -> None:
    """Also one that is small before it is decompressed."""
    large = export([span_message(attributes={"text": "a" * 200_000})])

    with grpc.insecure_channel(service.address, compression=compression) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            export_call(channel)(large, timeout=10)
        export_call(channel)(REQUEST, timeout=10)

    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert len(service.received) == 1


def test_the_key_is_asked_for() -> None:
    """With a key set, a call without it is UNAUTHENTICATED."""
    with serving("right") as service:
        codes = [refusal(service, REQUEST, key).code() for key in (None, "wrong")]
        with grpc.insecure_channel(service.address) as channel:
            export_call(channel)(REQUEST, timeout=10, metadata=(("authorization", "Bearer right"),))

    assert codes == [grpc.StatusCode.UNAUTHENTICATED] * 2
    assert len(service.received) == 1
