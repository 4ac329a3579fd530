"""Our bytes of spans are OpenTelemetry's, whatever a span holds."""

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits
from opentelemetry.sdk.trace import TracerProvider as Provider
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.span import TraceState

from spanglass.sdk.encoding.spans import SpanEncoder

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
SCALAR = st.one_of(
    TEXT, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.binary(max_size=20)
)
VALUE = st.one_of(
    SCALAR,
    st.lists(TEXT).map(tuple),
    st.lists(st.integers(-9, 9)),
    st.dictionaries(TEXT, SCALAR, max_size=3),
    st.none(),
)
ATTRIBUTES = st.dictionaries(TEXT, VALUE, max_size=8)
TIME = st.integers(0, 2**63)
STATES = st.sampled_from([None, TraceState([("vendor", "a"), ("other", "b")])])
CONTEXTS = st.builds(
    SpanContext,
    st.integers(1, 2**128 - 1),
    st.integers(1, 2**64 - 1),
    st.booleans(),
    st.just(TraceFlags(1)),
    STATES,
)
PLAIN_CONTEXTS = st.builds(SpanContext, st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.booleans())
STATUSES = st.one_of(
    st.sampled_from([Status(), Status(StatusCode.OK)]), TEXT.map(lambda words: Status(StatusCode.ERROR, words))
)
RESOURCES = st.sampled_from(
    [Resource({}), Resource({"service.name": "shop", "process.pid": 7}), Resource({"a": "b"}, "https://schema")]
)
SCOPES = st.sampled_from(
    [None, InstrumentationScope("app"), InstrumentationScope("lib", "1.2", "https://schema", {"key": "value"})]
)
SPANS = st.builds(
    ReadableSpan,
    name=TEXT,
    context=CONTEXTS,
    parent=st.none() | CONTEXTS,
    resource=RESOURCES,
    attributes=ATTRIBUTES,
    events=st.lists(st.builds(Event, TEXT, ATTRIBUTES, TIME), max_size=3),
    links=st.lists(st.builds(Link, PLAIN_CONTEXTS, ATTRIBUTES), max_size=3),
    kind=st.sampled_from(list(SpanKind)),
    instrumentation_scope=SCOPES,
    status=STATUSES,
    start_time=TIME,
    end_time=TIME,
)
_encoder = SpanEncoder()


@given(st.lists(SPANS, max_size=5))
def test_the_bytes_are_those_of_opentelemetry(spans: list[ReadableSpan]) -> None:
    """For any spans, with an encoder that has seen others before, the request is the same to the byte."""
    assert _encoder.request(spans) == encode_spans(spans).SerializeToString(deterministic=True)


def recorded(**attributes: str | float) -> ReadableSpan:
    """A span of the SDK's, with its limits applied."""
    provider = Provider(span_limits=SpanLimits(max_attributes=2, max_events=1, max_links=1), shutdown_on_exit=False)
    links = [Link(SpanContext(1, 2, is_remote=False)), Link(SpanContext(3, 4, is_remote=True))]
    span = provider.get_tracer("app").start_span("work", attributes=attributes, links=links)
    span.add_event("one")
    span.add_event("two", {"key": "value"})
    span.end()
    assert isinstance(span, ReadableSpan)
    return span


def test_what_limits_cut_is_counted_alike() -> None:
    """Dropped attributes, events and links of a span of the SDK's own are in the bytes."""
    span = recorded(one=1, two=2, three=3)
    (group,) = ExportTraceServiceRequest.FromString(_encoder.request([span])).resource_spans
    told = group.scope_spans[0].spans[0]
    assert (told.dropped_attributes_count, told.dropped_events_count, told.dropped_links_count) == (1, 1, 1)
    assert _encoder.request([span]) == encode_spans([span]).SerializeToString(deterministic=True)


def test_equal_values_of_other_kinds_are_not_confused() -> None:
    """1, True and 1.0, and 0.0 and -0.0, keep their kind and sign though they are equal and one was written before."""
    for value in (1, True, 1.0, 0, False, 0.0, -0.0, "1"):
        span = recorded(key=value)
        assert _encoder.request([span]) == encode_spans([span]).SerializeToString(deterministic=True)


def test_what_protobuf_cannot_hold_is_made_to_fit() -> None:
    """Text that is no Unicode and integers beyond 64 bits lose themselves alone, not the batch."""
    span = ReadableSpan("na\ud800me", SpanContext(1, 2, is_remote=False), attributes={"big": 2**70, "cut": "a\udfff"})
    (group,) = ExportTraceServiceRequest.FromString(_encoder.request([span])).resource_spans
    told = group.scope_spans[0].spans[0]
    assert told.name == "na?me"
    assert {pair.key: pair.value.string_value for pair in told.attributes} == {"big": str(2**70), "cut": "a?"}


def test_an_encoder_forgets_before_it_grows_large() -> None:
    """Attributes that never come again do not stay for ever."""
    encoder = SpanEncoder()
    for number in range(5000):
        encoder.request([ReadableSpan("work", SpanContext(1, 2, is_remote=False), attributes={"user": f"u-{number}"})])
    assert len(encoder._attributes) <= 2048
