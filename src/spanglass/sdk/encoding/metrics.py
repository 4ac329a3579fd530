"""Metrics as OTLP; field numbers are those of `opentelemetry/proto/metrics/v1/metrics.proto`, release 1.7."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    Sum,
)

from spanglass.sdk.encoding.fields import count, double, number, sized, text, time, varint
from spanglass.sdk.encoding.groups import AttributeWriter, Groups


class MetricEncoder:
    """Writes export requests of metrics; for one thread at a time."""

    def __init__(self) -> None:
        self._attributes = AttributeWriter()

    def request(self, data: MetricsData) -> bytes:
        """Return an ExportMetricsServiceRequest."""
        groups = Groups(self._attributes)
        for resource in data.resource_metrics:
            for scope in resource.scope_metrics:
                groups.add(resource.resource, scope.scope, [self._metric(metric) for metric in scope.metrics])
        return groups.request()

    def _metric(self, metric: Metric) -> bytes:
        named = text(b"\x0a", metric.name) + text(b"\x12", metric.description) + text(b"\x1a", metric.unit)
        data = metric.data
        if isinstance(data, Gauge):
            points = [sized(b"\x0a", self._number(point, started=False)) for point in data.data_points]
            return named + sized(b"\x2a", b"".join(points))
        temporality = count(b"\x10", data.aggregation_temporality.value)
        if isinstance(data, Sum):
            points = [sized(b"\x0a", self._number(point, started=True)) for point in data.data_points]
            return named + sized(b"\x3a", b"".join((*points, temporality, count(b"\x18", data.is_monotonic))))
        if isinstance(data, Histogram):
            points = [sized(b"\x0a", self._histogram(point)) for point in data.data_points]
            return named + sized(b"\x4a", b"".join((*points, temporality)))
        points = [sized(b"\x0a", self._exponential(point)) for point in data.data_points]
        return named + sized(b"\x52", b"".join((*points, temporality)))

    def _number(self, point: NumberDataPoint, *, started: bool) -> bytes:
        return b"".join(
            (
                time(b"\x11", point.start_time_unix_nano) if started else b"",
                time(b"\x19", point.time_unix_nano),
                # An integer comes after the exemplars, a double before them.
                _doubled(point.value),
                self._exemplars(b"\x2a", point.exemplars),
                _whole(point.value),
                self._attributes.write(b"\x3a", point.attributes),
            )
        )

    def _histogram(self, point: HistogramDataPoint) -> bytes:
        counts, bounds = point.bucket_counts, point.explicit_bounds
        return b"".join(
            (
                time(b"\x11", point.start_time_unix_nano),
                time(b"\x19", point.time_unix_nano),
                time(b"\x21", point.count),
                double(b"\x29", point.sum),
                sized(b"\x32", struct.pack(f"<{len(counts)}Q", *counts)) if counts else b"",
                sized(b"\x3a", struct.pack(f"<{len(bounds)}d", *bounds)) if bounds else b"",
                self._exemplars(b"\x42", point.exemplars),
                self._attributes.write(b"\x4a", point.attributes),
                double(b"\x59", point.min),
                double(b"\x61", point.max),
            )
        )

    def _exponential(self, point: ExponentialHistogramDataPoint) -> bytes:
        return b"".join(
            (
                self._attributes.write(b"\x0a", point.attributes),
                time(b"\x11", point.start_time_unix_nano),
                time(b"\x19", point.time_unix_nano),
                time(b"\x21", point.count),
                double(b"\x29", point.sum),
                count(b"\x30", _zigzag(point.scale)),
                time(b"\x39", point.zero_count),
                _buckets(b"\x42", point.positive.offset, point.positive.bucket_counts),
                _buckets(b"\x4a", point.negative.offset, point.negative.bucket_counts),
                count(b"\x50", point.flags),
                self._exemplars(b"\x5a", point.exemplars),
                double(b"\x61", point.min),
                double(b"\x69", point.max),
            )
        )

    def _exemplars(self, tag: bytes, exemplars: Sequence[Exemplar]) -> bytes:
        return b"".join(sized(tag, self._exemplar(exemplar)) for exemplar in exemplars)

    def _exemplar(self, exemplar: Exemplar) -> bytes:
        value = exemplar.value
        ids = b""
        if exemplar.span_id is not None and exemplar.trace_id is not None:
            ids = (
                b"\x22\x08" + exemplar.span_id.to_bytes(8, "big") + b"\x2a\x10" + exemplar.trace_id.to_bytes(16, "big")
            )
        return b"".join(
            (
                time(b"\x11", exemplar.time_unix_nano),
                b"" if isinstance(value, int) else double(b"\x19", value),
                ids,
                number(b"\x31", b"\x19", value) if isinstance(value, int) else b"",
                self._attributes.write(b"\x3a", exemplar.filtered_attributes),
            )
        )


def _doubled(value: float) -> bytes:
    return b"" if isinstance(value, int) else double(b"\x21", value)


def _whole(value: float) -> bytes:
    return number(b"\x31", b"\x21", value) if isinstance(value, int) else b""


def _zigzag(signed: int) -> int:
    return signed << 1 if signed >= 0 else (-signed << 1) - 1


def _buckets(tag: bytes, offset: int, counts: Sequence[int]) -> bytes:
    if not counts:
        return b""
    return sized(tag, count(b"\x08", _zigzag(offset)) + sized(b"\x12", b"".join(map(varint, counts))))
