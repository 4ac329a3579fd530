"""OTLP exports for tests: small ones with what a test names, and generated ones of any shape."""

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, LogsData, ResourceLogs, ScopeLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
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
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status, TracesData

from records import SECOND, T0

TRACE = bytes(range(16))
SPAN = bytes(range(1, 9))


def pair(key: str, value: str | float) -> KeyValue:
    """Return an attribute."""
    if isinstance(value, bool):
        return KeyValue(key=key, value=AnyValue(bool_value=value))
    if isinstance(value, int):
        return KeyValue(key=key, value=AnyValue(int_value=value))
    if isinstance(value, float):
        return KeyValue(key=key, value=AnyValue(double_value=value))
    return KeyValue(key=key, value=AnyValue(string_value=value))


def span_message(number: int = 1, *, trace: int = 1, attributes: Mapping[str, str | float] | None = None) -> Span:
    """Return a span of one second."""
    return Span(
        trace_id=trace.to_bytes(16, "big"),
        span_id=number.to_bytes(8, "big"),
        name=f"span {number}",
        kind=Span.SPAN_KIND_CLIENT,
        start_time_unix_nano=T0,
        end_time_unix_nano=T0 + SECOND,
        attributes=[pair(key, value) for key, value in (attributes or {}).items()],
    )


def export(spans: Sequence[Span], service: str = "shop") -> ExportTraceServiceRequest:
    """Return an export of one service."""
    sender = Resource(attributes=[pair("service.name", service)])
    block = ScopeSpans(scope=InstrumentationScope(name="test", version="1"), spans=spans)
    return ExportTraceServiceRequest(resource_spans=[ResourceSpans(resource=sender, scope_spans=[block])])


_text = st.text(max_size=12)
_scalars = st.one_of(
    st.builds(AnyValue),
    st.builds(AnyValue, string_value=_text),
    st.builds(AnyValue, bool_value=st.booleans()),
    st.builds(AnyValue, int_value=st.integers(-(2**63), 2**63 - 1)),
    st.builds(AnyValue, double_value=st.floats(allow_nan=False)),
    st.builds(AnyValue, bytes_value=st.binary(max_size=8)),
)


def _nested(inner: st.SearchStrategy[AnyValue]) -> st.SearchStrategy[AnyValue]:
    pairs = st.lists(st.builds(KeyValue, key=_text, value=inner), max_size=3)
    return st.one_of(
        st.builds(AnyValue, array_value=st.builds(ArrayValue, values=st.lists(inner, max_size=3))),
        st.builds(AnyValue, kvlist_value=st.builds(KeyValueList, values=pairs)),
    )


values = st.recursive(_scalars, _nested, max_leaves=6)
"""Any attribute value."""
pairs = st.lists(st.builds(KeyValue, key=_text, value=values), max_size=5)
_times = st.integers(1, 2**63 - 1)
_trace_ids = st.binary(min_size=16, max_size=16).filter(any)
_span_ids = st.binary(min_size=8, max_size=8).filter(any)
_spans = st.builds(
    Span,
    trace_id=_trace_ids,
    span_id=_span_ids,
    parent_span_id=st.one_of(st.just(b""), _span_ids),
    trace_state=_text,
    name=_text,
    kind=st.sampled_from(range(6)),
    start_time_unix_nano=st.just(T0),
    end_time_unix_nano=st.integers(T0, T0 + 10**15),
    attributes=pairs,
    events=st.lists(st.builds(Span.Event, time_unix_nano=_times, name=_text, attributes=pairs), max_size=2),
    links=st.lists(st.builds(Span.Link, trace_id=_trace_ids, span_id=_span_ids, attributes=pairs), max_size=2),
    status=st.builds(Status, code=st.sampled_from(range(3)), message=_text),
)
_scopes = st.builds(InstrumentationScope, name=_text, version=_text)
_resources = st.builds(Resource, attributes=pairs)
traces = st.builds(
    TracesData,
    resource_spans=st.lists(
        st.builds(
            ResourceSpans,
            resource=_resources,
            scope_spans=st.lists(st.builds(ScopeSpans, scope=_scopes, spans=st.lists(_spans, max_size=3)), max_size=2),
        ),
        max_size=2,
    ),
)
"""Any valid export of traces."""
_records = st.builds(
    LogRecord,
    time_unix_nano=_times,
    severity_number=st.sampled_from(range(25)),
    severity_text=_text,
    body=values,
    attributes=pairs,
    trace_id=st.one_of(st.just(b""), _trace_ids),
    span_id=st.one_of(st.just(b""), _span_ids),
    event_name=_text,
)
logs = st.builds(
    LogsData,
    resource_logs=st.lists(
        st.builds(
            ResourceLogs,
            resource=_resources,
            scope_logs=st.lists(
                st.builds(ScopeLogs, scope=_scopes, log_records=st.lists(_records, max_size=3)), max_size=2
            ),
        ),
        max_size=2,
    ),
)
"""Any valid export of logs."""
_exemplars = st.lists(
    st.builds(
        Exemplar,
        time_unix_nano=_times,
        as_int=st.integers(-(2**63), 2**63 - 1),
        trace_id=_trace_ids,
        span_id=_span_ids,
        filtered_attributes=pairs,
    ),
    max_size=2,
)
_number_points = st.builds(
    NumberDataPoint,
    time_unix_nano=_times,
    start_time_unix_nano=_times,
    as_int=st.integers(-(2**63), 2**63 - 1),
    attributes=pairs,
    exemplars=_exemplars,
)
_finite = st.floats(allow_nan=False, allow_infinity=False)
_histogram_points = st.builds(
    HistogramDataPoint,
    time_unix_nano=_times,
    count=st.integers(0, 2**62),
    sum=_finite,
    min=_finite,
    bucket_counts=st.lists(st.integers(0, 2**62), max_size=3),
    explicit_bounds=st.lists(_finite, max_size=2),
    attributes=pairs,
    exemplars=_exemplars,
)
_exponential_points = st.builds(
    ExponentialHistogramDataPoint,
    time_unix_nano=_times,
    count=st.integers(0, 2**62),
    scale=st.integers(-10, 10),
    zero_count=st.integers(0, 9),
    zero_threshold=_finite,
    positive=st.builds(
        ExponentialHistogramDataPoint.Buckets,
        offset=st.integers(-9, 9),
        bucket_counts=st.lists(st.integers(0, 9), max_size=3),
    ),
    exemplars=_exemplars,
)
_summary_points = st.builds(
    SummaryDataPoint,
    time_unix_nano=_times,
    count=st.integers(0, 2**62),
    sum=_finite,
    quantile_values=st.lists(
        st.builds(SummaryDataPoint.ValueAtQuantile, quantile=st.floats(0, 1), value=_finite), max_size=2
    ),
)
_temporalities = st.sampled_from([1, 2])
_data = st.one_of(
    st.builds(lambda points: {"gauge": Gauge(data_points=points)}, st.lists(_number_points, max_size=2)),
    st.builds(
        lambda points, kind, rises: {"sum": Sum(data_points=points, aggregation_temporality=kind, is_monotonic=rises)},
        st.lists(_number_points, max_size=2),
        _temporalities,
        st.booleans(),
    ),
    st.builds(
        lambda points, kind: {"histogram": Histogram(data_points=points, aggregation_temporality=kind)},
        st.lists(_histogram_points, max_size=2),
        _temporalities,
    ),
    st.builds(
        lambda points, kind: {
            "exponential_histogram": ExponentialHistogram(data_points=points, aggregation_temporality=kind)
        },
        st.lists(_exponential_points, max_size=2),
        _temporalities,
    ),
    st.builds(lambda points: {"summary": Summary(data_points=points)}, st.lists(_summary_points, max_size=2)),
)
_metrics = st.builds(lambda name, unit, data: Metric(name=name, unit=unit, **data), _text, _text, _data)
metrics = st.builds(
    MetricsData,
    resource_metrics=st.lists(
        st.builds(
            ResourceMetrics,
            resource=_resources,
            scope_metrics=st.lists(
                st.builds(ScopeMetrics, scope=_scopes, metrics=st.lists(_metrics, max_size=3)), max_size=2
            ),
        ),
        max_size=2,
    ),
)
"""Any valid export of metrics, of finite numbers."""
