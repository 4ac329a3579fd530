"""Our bytes of log records are OpenTelemetry's, whatever a record holds."""

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from spanglass.sdk.encoding.logs import LogEncoder

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=100)
SCALAR = st.one_of(TEXT, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False))
BODY = st.recursive(
    st.one_of(SCALAR, st.binary(max_size=9), st.none()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
CONTEXTS = st.one_of(
    st.just(Context()),
    st.builds(
        lambda trace, span, flags: set_span_in_context(
            NonRecordingSpan(SpanContext(trace, span, is_remote=False, trace_flags=TraceFlags(flags))), Context()
        ),
        st.integers(1, 2**128 - 1),
        st.integers(1, 2**64 - 1),
        st.integers(0, 1),
    ),
)
RECORDS = st.builds(
    LogRecord,
    timestamp=st.none() | st.integers(0, 2**63),
    observed_timestamp=st.none() | st.integers(1, 2**63),
    context=CONTEXTS,
    severity_text=st.none() | TEXT,
    severity_number=st.none() | st.sampled_from(list(SeverityNumber)),
    body=BODY,
    attributes=st.dictionaries(TEXT, SCALAR, max_size=5),
    event_name=st.none() | TEXT,
)
READABLE = st.builds(
    ReadableLogRecord,
    log_record=RECORDS,
    resource=st.sampled_from([Resource({}), Resource({"service.name": "shop"}, "https://schema")]),
    instrumentation_scope=st.sampled_from([None, InstrumentationScope("app", "1")]),
)
_encoder = LogEncoder()


@given(st.lists(READABLE, max_size=5))
def test_the_bytes_are_those_of_opentelemetry(records: list[ReadableLogRecord]) -> None:
    """For any records, with an encoder that has seen others before, the request is the same to the byte."""
    assert _encoder.request(records) == encode_logs(records).SerializeToString(deterministic=True)
