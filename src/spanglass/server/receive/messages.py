"""The protobuf messages that exports are parsed with: OTLP's own, but what may have many parts stays bytes until read.

Bytes and message have the same wire type, so a parser that is told "bytes" accepts the same input. Two things follow:
an attribute's bytes can be looked up before they are parsed (most repeat from span to span), and a body of millions of
empty messages takes 16 bytes each instead of a few hundred before their number is checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

_OTLP = "opentelemetry.proto"
# Of what is not repeated, only what has repeated parts of its own.
_ASIDE = frozenset({"resource", "scope", "body", "positive", "negative"})
_ASIDE |= {"gauge", "sum", "histogram", "exponential_histogram", "summary"}


class BlocksMessage(Protocol):
    """An export request; the three signals use the same field numbers down to the items."""

    resource_spans: Sequence[bytes]


class ResourceBlock(Protocol):
    """What one resource sent."""

    resource: bytes
    scope_spans: Sequence[bytes]


class ScopeBlock(Protocol):
    """What one instrumentation of it made."""

    scope: bytes
    spans: Sequence[bytes]


class ResourceMessage(Protocol):
    """A resource."""

    attributes: Sequence[bytes]


class StatusMessage(Protocol):
    """A span's status."""

    code: int
    message: str


class SpanMessage(Protocol):
    """A span."""

    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes
    trace_state: str
    name: str
    kind: int
    start_time_unix_nano: int
    end_time_unix_nano: int
    attributes: Sequence[bytes]
    events: Sequence[bytes]
    links: Sequence[bytes]
    status: StatusMessage


class EventMessage(Protocol):
    """A span's event."""

    time_unix_nano: int
    name: str
    attributes: Sequence[bytes]


class LinkMessage(Protocol):
    """A span's link."""

    trace_id: bytes
    span_id: bytes
    attributes: Sequence[bytes]


class LogMessage(Protocol):
    """A log record."""

    time_unix_nano: int
    observed_time_unix_nano: int
    severity_number: int
    severity_text: str
    body: bytes
    attributes: Sequence[bytes]
    trace_id: bytes
    span_id: bytes
    event_name: str


class DataMessage(Protocol):
    """The data of a metric, of any kind; a kind without the field does not have it set."""

    data_points: Sequence[bytes]
    aggregation_temporality: int
    is_monotonic: bool


class MetricMessage(Protocol):
    """A metric; exactly one kind of data is set, or none; its field holds the bytes of a `DataMessage`."""

    name: str
    unit: str

    def WhichOneof(self, name: str) -> str | None:  # noqa: N802 - protobuf's own name
        """Return the kind of data that is set."""
        ...


class PointMessage(Protocol):
    """What data points of every kind have."""

    start_time_unix_nano: int
    time_unix_nano: int
    attributes: Sequence[bytes]


class ExemplarsMessage(Protocol):
    """What data points of every kind but summaries have."""

    exemplars: Sequence[bytes]


class ExemplarMessage(Protocol):
    """An exemplar."""

    time_unix_nano: int
    trace_id: bytes
    span_id: bytes
    filtered_attributes: Sequence[bytes]


class ExponentialMessage(Protocol):
    """An exponential histogram's data point."""

    scale: int
    zero_count: int
    zero_threshold: float
    positive: bytes
    negative: bytes


class BucketsMessage(Protocol):
    """One side of an exponential histogram."""

    offset: int
    bucket_counts: Sequence[int]


class SummaryMessage(Protocol):
    """A summary's data point."""

    quantile_values: Sequence[bytes]


class QuantileMessage(Protocol):
    """A value at a quantile."""

    quantile: float
    value: float


def _as_bytes(source: FileDescriptor) -> FileDescriptorProto:
    """Return a copy of a .proto file in which messages that may have many parts are fields of bytes."""
    copy = FileDescriptorProto()
    source.CopyToProto(copy)
    pending = list(copy.message_type)
    while pending:
        message = pending.pop()
        pending.extend(message.nested_type)
        for field in message.field:
            repeated = field.label == FieldDescriptorProto.LABEL_REPEATED
            if field.type == FieldDescriptorProto.TYPE_MESSAGE and (repeated or field.name in _ASIDE):
                field.type = FieldDescriptorProto.TYPE_BYTES
                field.ClearField("type_name")
    return copy


def _pool() -> DescriptorPool:
    pool = DescriptorPool()
    for source in (common_pb2, resource_pb2, trace_pb2, logs_pb2, metrics_pb2):
        pool.AddSerializedFile(_as_bytes(source.DESCRIPTOR).SerializeToString())
    return pool


_messages = _pool()


def _class(name: str) -> type[Message]:
    return GetMessageClass(_messages.FindMessageTypeByName(name))


BLOCKS = _class(f"{_OTLP}.trace.v1.TracesData")
RESOURCE_BLOCK = _class(f"{_OTLP}.trace.v1.ResourceSpans")
SCOPE_BLOCK = _class(f"{_OTLP}.trace.v1.ScopeSpans")
RESOURCE = _class(f"{_OTLP}.resource.v1.Resource")
SCOPE = _class(f"{_OTLP}.common.v1.InstrumentationScope")
SPAN = _class(f"{_OTLP}.trace.v1.Span")
EVENT = _class(f"{_OTLP}.trace.v1.Span.Event")
LINK = _class(f"{_OTLP}.trace.v1.Span.Link")
LOG = _class(f"{_OTLP}.logs.v1.LogRecord")
METRIC = _class(f"{_OTLP}.metrics.v1.Metric")
GAUGE = _class(f"{_OTLP}.metrics.v1.Gauge")
SUM = _class(f"{_OTLP}.metrics.v1.Sum")
HISTOGRAMS = _class(f"{_OTLP}.metrics.v1.Histogram")
EXPONENTIAL_HISTOGRAMS = _class(f"{_OTLP}.metrics.v1.ExponentialHistogram")
SUMMARIES = _class(f"{_OTLP}.metrics.v1.Summary")
NUMBER = _class(f"{_OTLP}.metrics.v1.NumberDataPoint")
HISTOGRAM = _class(f"{_OTLP}.metrics.v1.HistogramDataPoint")
EXPONENTIAL_HISTOGRAM = _class(f"{_OTLP}.metrics.v1.ExponentialHistogramDataPoint")
BUCKETS = _class(f"{_OTLP}.metrics.v1.ExponentialHistogramDataPoint.Buckets")
SUMMARY = _class(f"{_OTLP}.metrics.v1.SummaryDataPoint")
QUANTILE = _class(f"{_OTLP}.metrics.v1.SummaryDataPoint.ValueAtQuantile")
EXEMPLAR = _class(f"{_OTLP}.metrics.v1.Exemplar")
