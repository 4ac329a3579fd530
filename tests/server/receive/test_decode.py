"""Decoding: equal to a plain reading of the same messages, and nothing that is sent breaks it."""

import time
from collections.abc import Iterable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    Exemplar,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
    Summary,
    SummaryDataPoint,
)
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

import exports
from exports import SPAN, TRACE, export, pair, span_message
from records import SECOND, T0
from spanglass.errors import MalformedPayload, PayloadTooLarge, ReceiveError
from spanglass.server.receive.decode import Decoder
from spanglass.server.receive.limits import Limits
from spanglass.server.record import Event, Link, MetricPoint, Received, Signal, SpanKind, Status, Value

NOW = T0 + 60 * SECOND
KINDS = tuple(SpanKind)
STATUSES = tuple(Status)
DECODER = Decoder(Limits())


def decoded(body: bytes, signal: Signal = Signal.TRACES, limits: Limits | None = None) -> Received:
    return Decoder(limits or Limits()).decode(signal, body, received_ns=NOW)


def plain_value(value: AnyValue) -> Value:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return tuple(plain_value(part) for part in value.array_value.values)
    if kind == "kvlist_value":
        return {part.key: plain_value(part.value) for part in value.kvlist_value.values}
    scalar: Value = getattr(value, kind)
    return scalar


def plain(attributes: Iterable[KeyValue]) -> dict[str, Value]:
    return {part.key: plain_value(part.value) for part in attributes}


@given(exports.traces)
def test_traces_are_read_as_the_plain_messages_say(message: TracesData) -> None:
    """The quick reading, with its shared attributes, gives field by field what the ordinary classes give."""
    received = DECODER.decode(Signal.TRACES, message.SerializeToString(), received_ns=NOW)

    sent = [
        (span, scope.scope, block.resource)
        for block in message.resource_spans
        for scope in block.scope_spans
        for span in scope.spans
    ]
    assert (received.rejected, received.rejected_reason) == (0, None)
    assert len(received.spans) == len(sent)
    for record, (span, scope, resource) in zip(received.spans, sent, strict=True):
        assert record.trace_id == span.trace_id.hex()
        assert record.span_id == span.span_id.hex()
        assert record.parent_span_id == (span.parent_span_id.hex() or None)
        assert (record.name, record.trace_state or "") == (span.name, span.trace_state)
        assert (record.kind, record.status) == (KINDS[span.kind], STATUSES[span.status.code])
        assert (record.start_ns, record.end_ns) == (span.start_time_unix_nano, span.end_time_unix_nano)
        assert (record.status_message or "") == span.status.message
        assert record.attributes == plain(span.attributes)
        assert record.events == tuple(Event(e.name, e.time_unix_nano, plain(e.attributes)) for e in span.events)
        assert record.links == tuple(Link(k.trace_id.hex(), k.span_id.hex(), plain(k.attributes)) for k in span.links)
        assert (record.scope.name or "", record.scope.version or "") == (scope.name, scope.version)
        assert record.resource.attributes == plain(resource.attributes)


@given(exports.logs)
def test_logs_are_read_as_the_plain_messages_say(message: LogsData) -> None:
    """Log records too are read field by field as the ordinary classes give them."""
    received = DECODER.decode(Signal.LOGS, message.SerializeToString(), received_ns=NOW)

    sent = [record for b in message.resource_logs for scope in b.scope_logs for record in scope.log_records]
    assert len(received.logs) == len(sent)
    for record, message_ in zip(received.logs, sent, strict=True):
        assert record.time_ns == message_.time_unix_nano
        assert (record.severity, record.severity_text or "") == (message_.severity_number, message_.severity_text)
        assert record.body == plain_value(message_.body)
        assert record.attributes == plain(message_.attributes)
        assert (record.trace_id or "", record.span_id or "") == (message_.trace_id.hex(), message_.span_id.hex())
        assert (record.event_name or "") == message_.event_name


@given(st.binary(max_size=300), st.sampled_from(Signal))
def test_garbage_is_refused_or_read_and_nothing_else(body: bytes, signal: Signal) -> None:
    """Bytes of any kind end in records or in an error of the receive family."""
    with suppress(ReceiveError):
        DECODER.decode(signal, body, received_ns=NOW)


@given(exports.traces, st.data())
def test_a_cut_body_is_refused_or_read_and_nothing_else(message: TracesData, data: st.DataObject) -> None:
    """A body cut at any byte, or with a byte changed, never raises anything but a receive error."""
    whole = bytearray(message.SerializeToString())
    if whole:
        whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(0, 255))
    body = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with suppress(ReceiveError):
        DECODER.decode(Signal.TRACES, body, received_ns=NOW)


@pytest.mark.parametrize(
    ("trace", "span"),
    [(b"", SPAN), (TRACE[:8], SPAN), (bytes(16), SPAN), (TRACE, b""), (TRACE, SPAN * 2), (TRACE, bytes(8))],
    ids=["no trace", "short trace", "zero trace", "no span", "long span", "zero span"],
)
def test_a_bad_id_rejects_its_span_alone(trace: bytes, span: bytes) -> None:
    """A span without valid ids is reported as rejected; its neighbour is kept."""
    bad = span_message()
    bad.trace_id, bad.span_id = trace, span

    received = decoded(export([bad, span_message(2)]).SerializeToString())

    assert [kept.name for kept in received.spans] == ["span 2"]
    assert received.rejected == 1
    assert "no valid id" in (received.rejected_reason or "")


@pytest.mark.parametrize(
    ("start", "end", "kept"),
    [(T0, T0 - 1, (T0, T0)), (T0, 0, (T0, T0)), (0, T0, (T0, T0)), (0, 0, (NOW, NOW))],
    ids=["backwards", "no end", "no start", "no time"],
)
def test_impossible_times_are_put_right_and_said(start: int, end: int, kept: tuple[int, int]) -> None:
    """A span whose end is before its start, or which lacks one of them, is kept with no duration and said."""
    message = span_message()
    message.start_time_unix_nano, message.end_time_unix_nano = start, end

    received = decoded(export([message]).SerializeToString())

    assert [(span.start_ns, span.end_ns) for span in received.spans] == [kept]
    assert received.rejected == 0
    assert received.rejected_reason is not None


def test_a_time_beyond_what_can_be_kept_rejects_the_span() -> None:
    """Times are kept in 63 bits; a later one is not bent but refused."""
    message = span_message()
    message.end_time_unix_nano = 2**64 - 1

    received = decoded(export([message]).SerializeToString())

    assert (list(received.spans), received.rejected) == ([], 1)


def test_unknown_kinds_and_statuses_are_read_as_unspecified() -> None:
    """Numbers that a later OTLP may bring are kept as unspecified."""
    message = span_message()
    message.kind, message.status.code = 17, 9  # type: ignore[assignment]  # numbers that this OTLP does not name

    received = decoded(export([message]).SerializeToString())

    assert [(span.kind, span.status) for span in received.spans] == [(SpanKind.UNSPECIFIED, Status.UNSET)]


def test_a_placeholder_is_no_service_name() -> None:
    """`unknown_service:python`, which SDKs send for want of a name, is not one."""
    named, unnamed = (
        decoded(export([span_message()], service).SerializeToString()) for service in ("a", "unknown_service:x")
    )

    assert [received.spans[0].resource.service for received in (named, unnamed)] == ["a", None]


def test_attributes_beyond_the_limit_are_left_out_and_said() -> None:
    """A span with too many attributes keeps the first of them."""
    message = span_message(attributes={f"key {number}": number for number in range(9)})

    received = decoded(export([message]).SerializeToString(), limits=Limits(attributes=4))

    assert list(received.spans[0].attributes) == ["key 0", "key 1", "key 2", "key 3"]
    assert "more than 4 attributes" in (received.rejected_reason or "")


def test_a_value_nested_too_deeply_is_refused() -> None:
    """Depth is bounded before Python's own stack is."""
    value = AnyValue(string_value="x")
    for _ in range(40):
        value = AnyValue(array_value=ArrayValue(values=[value]))
    message = span_message()
    message.attributes.append(KeyValue(key="deep", value=value))

    with pytest.raises(PayloadTooLarge, match="nested too deeply"):
        decoded(export([message]).SerializeToString())


@pytest.mark.parametrize(
    "body",
    [b"\x0a\x00" * 500_000, b"\x0a\x80\x80\x3d" + b"\x12\x00" * 500_000],
    ids=["empty resources", "empty scopes"],
)
def test_millions_of_empty_messages_are_refused_quickly(body: bytes) -> None:
    """A small body that unfolds to very many items is refused by their number, before they are parsed."""
    began = time.perf_counter()

    with pytest.raises((PayloadTooLarge, MalformedPayload)):
        decoded(body)

    assert time.perf_counter() - began < 2


def test_the_digest_is_of_the_bytes_and_the_signal() -> None:
    """The same bytes have the same digest; other bytes, or the same for another signal, another one."""
    body = export([span_message()]).SerializeToString()

    assert decoded(body).digest == decoded(body).digest
    assert decoded(body).digest != decoded(export([span_message(2)]).SerializeToString()).digest
    assert decoded(b"", Signal.TRACES).digest != decoded(b"", Signal.LOGS).digest


def metrics(*families: Metric) -> list[MetricPoint]:
    message = MetricsData(resource_metrics=[ResourceMetrics(scope_metrics=[ScopeMetrics(metrics=families)])])
    return list(decoded(message.SerializeToString(), Signal.METRICS).points)


def test_numbers_are_read_with_their_kind() -> None:
    """Gauges and sums keep integers exact, and sums their temporality and direction."""
    gauge = Metric(name="g", unit="By", gauge=Gauge(data_points=[NumberDataPoint(time_unix_nano=T0, as_double=1.5)]))
    total = Metric(
        name="s",
        sum=Sum(
            data_points=[NumberDataPoint(start_time_unix_nano=T0, time_unix_nano=T0 + 1, as_int=2**62 + 1)],
            aggregation_temporality=AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE,
            is_monotonic=True,
        ),
    )

    first, second = metrics(gauge, total)

    assert (first.kind, first.unit, first.value, first.start_ns, first.temporality) == ("gauge", "By", 1.5, None, None)
    assert (second.kind, second.value, second.temporality, second.monotonic) == ("sum", 2**62 + 1, "cumulative", True)
    assert (second.start_ns, second.time_ns) == (T0, T0 + 1)


def test_histograms_keep_buckets_extremes_and_exemplars() -> None:
    """What is more than a number stands in the details under its OTLP/JSON name; an absent sum is unknown, not 0."""
    exemplar = Exemplar(time_unix_nano=T0, as_double=0.3, trace_id=TRACE, span_id=SPAN)
    exemplar.filtered_attributes.append(pair("user.id", "u"))
    point = HistogramDataPoint(
        time_unix_nano=T0, count=3, sum=0.9, bucket_counts=[1, 2], explicit_bounds=[0.5], min=0.1, exemplars=[exemplar]
    )
    bare = ExponentialHistogramDataPoint(time_unix_nano=T0, count=1, scale=2, zero_count=1)

    first, second = metrics(
        Metric(
            name="h",
            histogram=Histogram(
                data_points=[point], aggregation_temporality=AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
            ),
        ),
        Metric(name="e", exponential_histogram=ExponentialHistogram(data_points=[bare])),
    )

    assert (first.count, first.total, first.temporality) == (3, 0.9, "delta")
    assert first.details == {
        "bucketCounts": [1, 2],
        "explicitBounds": [0.5],
        "min": 0.1,
        "exemplars": [
            {
                "timeUnixNano": T0,
                "value": 0.3,
                "traceId": TRACE.hex(),
                "spanId": SPAN.hex(),
                "filteredAttributes": {"user.id": "u"},
            }
        ],
    }
    assert (second.kind, second.count, second.total, second.temporality) == ("exponential_histogram", 1, None, None)
    assert second.details["positive"] == {"offset": 0, "bucketCounts": []}


def test_summaries_keep_their_quantiles() -> None:
    """A summary's quantiles stand in its details."""
    quantile = SummaryDataPoint.ValueAtQuantile(quantile=0.5, value=2.0)
    point = SummaryDataPoint(time_unix_nano=T0, count=2, sum=4.0, quantile_values=[quantile])

    (read,) = metrics(Metric(name="q", summary=Summary(data_points=[point])))

    assert (read.count, read.total, read.details) == (2, 4.0, {"quantileValues": [{"quantile": 0.5, "value": 2.0}]})


def test_a_metric_without_data_is_rejected_and_said() -> None:
    """A kind of data that is not known here is not silently dropped."""
    message = MetricsData(resource_metrics=[ResourceMetrics(scope_metrics=[ScopeMetrics(metrics=[Metric(name="m")])])])

    received = decoded(message.SerializeToString(), Signal.METRICS)

    assert (list(received.points), received.rejected) == ([], 1)


def test_what_was_seen_before_does_not_leak_between_spans() -> None:
    """Shared attributes are shared as values: another value of the same key stays another."""
    spans = [span_message(number, attributes={"k": number % 3}) for number in range(1, 10)]

    received = decoded(export(spans).SerializeToString())

    assert [span.attributes["k"] for span in received.spans] == [number % 3 for number in range(1, 10)]
