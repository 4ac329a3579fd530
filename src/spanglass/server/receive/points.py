"""The bytes of a metric become one record a data point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, cast

from google.protobuf.message import Message
from opentelemetry.proto.metrics.v1 import metrics_pb2

from spanglass.errors import PayloadTooLarge
from spanglass.server.receive import messages
from spanglass.server.receive.limits import SHARED
from spanglass.server.receive.reading import LATEST_NS, Reading, parse
from spanglass.server.receive.values import Values
from spanglass.server.record import MetricPoint, Resource, Scope, Value

_TEMPORALITIES: Mapping[int, str] = {1: "delta", 2: "cumulative"}
# Measured on CPython 3.11.
_BUCKET_BYTES = 40
_QUANTILE_BYTES = 280
_KINDS: Mapping[str, tuple[type[Message], type[Message]]] = {
    "gauge": (messages.GAUGE, messages.NUMBER),
    "sum": (messages.SUM, messages.NUMBER),
    "histogram": (messages.HISTOGRAMS, messages.HISTOGRAM),
    "exponential_histogram": (messages.EXPONENTIAL_HISTOGRAMS, messages.EXPONENTIAL_HISTOGRAM),
    "summary": (messages.SUMMARIES, messages.SUMMARY),
}
"""The message of a metric's data and that of its points, by kind."""


class _Family(NamedTuple):
    """What the points of one metric share."""

    name: str
    unit: str | None
    kind: str
    temporality: str | None
    monotonic: bool | None
    resource: Resource
    scope: Scope


def read_metric(data: bytes, resource: Resource, scope: Scope, reading: Reading) -> Iterator[MetricPoint]:
    """Yield the points of a metric; those that cannot be kept are rejected.

    Raises:
        MalformedPayload: The bytes are not a metric.
        PayloadTooLarge: It has too many points, exemplars or buckets.
    """
    metric = cast("messages.MetricMessage", reading.parse(messages.METRIC, data))
    kind = metric.WhichOneof("data")
    if kind is None:
        reading.reject(f"The metric {metric.name!r:.80} has no data of a kind known here.")
        return
    of_data, of_point = _KINDS[kind]
    data_bytes: bytes = getattr(metric, kind)
    body = cast("messages.DataMessage", reading.parse(of_data, data_bytes))
    aggregated = kind in {"sum", "histogram", "exponential_histogram"}
    family = _Family(
        name=metric.name[:SHARED],
        unit=metric.unit[:SHARED] or None,
        kind=kind,
        temporality=_TEMPORALITIES.get(body.aggregation_temporality) if aggregated else None,
        monotonic=body.is_monotonic if kind == "sum" else None,
        resource=resource,
        scope=scope,
    )
    reading.count(len(body.data_points))
    reading.hold(metric.name, metric.unit)
    for point_data in body.data_points:
        point = _point(_parsed(of_point, point_data, reading), family, reading)
        if point is not None:
            yield point


def _parsed(kind: type[Message], data: bytes, reading: Reading) -> Message:
    # Its numbers are packed, a byte each at least: too many are known by the size alone.
    if len(data) > reading.limits.point_bytes:
        raise PayloadTooLarge(f"A metric's data point has more than {reading.limits.point_bytes} bytes; send fewer.")
    return reading.parse(kind, data)


def _point(message: Message, family: _Family, reading: Reading) -> MetricPoint | None:
    # The classes of points differ in their values alone; all have times and attributes.
    point = cast("messages.PointMessage", message)
    if max(point.time_unix_nano, point.start_time_unix_nano) > LATEST_NS:
        reading.reject(f"The metric {family.name!r:.80} has a time after the year 2262; times are nanoseconds.")
        return None
    number = family.kind in {"gauge", "sum"}
    values = {} if number else _values(message, family.kind, reading.pairs.reader)
    return MetricPoint(
        name=family.name,
        unit=family.unit,
        kind=family.kind,
        temporality=family.temporality,
        monotonic=family.monotonic,
        start_ns=point.start_time_unix_nano or None,
        time_ns=point.time_unix_nano or reading.received_ns,
        value=_number(message) if number else None,
        count=cast("metrics_pb2.HistogramDataPoint", message).count if not number else None,
        total=_total(message, family.kind) if not number else None,
        details={**values, **_exemplars(message, family.kind, reading)},
        attributes=reading.attributes(point.attributes),
        resource=family.resource,
        scope=family.scope,
    )


def _number(message: Message) -> float | int | None:
    kind = message.WhichOneof("value")
    if kind is None:
        return None
    value: float | int = getattr(message, kind)
    return value


def _total(message: Message, kind: str) -> float | None:
    point = cast("metrics_pb2.HistogramDataPoint", message)
    return point.sum if kind == "summary" or point.HasField("sum") else None


def _values(message: Message, kind: str, counted: Values) -> dict[str, Value]:
    """Return buckets, quantiles and extremes under their OTLP/JSON names."""
    if kind == "summary":
        quantiles = cast("messages.SummaryMessage", message).quantile_values
        counted.count(len(quantiles), each=_QUANTILE_BYTES)
        parsed = [cast("messages.QuantileMessage", parse(messages.QUANTILE, data)) for data in quantiles]
        return {"quantileValues": [{"quantile": part.quantile, "value": part.value} for part in parsed]}
    found: dict[str, Value] = {}
    if kind == "histogram":
        point = cast("metrics_pb2.HistogramDataPoint", message)
        counted.count(len(point.bucket_counts) + len(point.explicit_bounds), each=_BUCKET_BYTES)
        found["bucketCounts"] = list(point.bucket_counts)
        found["explicitBounds"] = list(point.explicit_bounds)
    else:
        exponential = cast("messages.ExponentialMessage", message)
        found["scale"] = exponential.scale
        found["zeroCount"] = exponential.zero_count
        found["zeroThreshold"] = exponential.zero_threshold
        for side, data in (("positive", exponential.positive), ("negative", exponential.negative)):
            buckets = cast("messages.BucketsMessage", parse(messages.BUCKETS, data))
            counted.count(len(buckets.bucket_counts), each=_BUCKET_BYTES)
            found[side] = {"offset": buckets.offset, "bucketCounts": list(buckets.bucket_counts)}
    for extreme in ("min", "max"):
        if message.HasField(extreme):
            value: float = getattr(message, extreme)
            found[extreme] = value
    return found


def _exemplars(message: Message, kind: str, reading: Reading) -> dict[str, Value]:
    if kind == "summary":
        return {}
    items = cast("messages.ExemplarsMessage", message).exemplars
    if not items:
        return {}
    reading.count(len(items))
    found: list[Value] = []
    for data in items:
        parsed = parse(messages.EXEMPLAR, data)
        exemplar = cast("messages.ExemplarMessage", parsed)
        found.append(
            {
                "timeUnixNano": exemplar.time_unix_nano,
                "value": _number(parsed),
                "traceId": exemplar.trace_id.hex() or None,
                "spanId": exemplar.span_id.hex() or None,
                "filteredAttributes": dict(reading.attributes(exemplar.filtered_attributes)),
            }
        )
    return {"exemplars": found}
