"""The weight of spans and log records against what they are encoded to."""

from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.util.types import AnyValue

from spanglass.sdk.encoding.spans import SpanEncoder
from spanglass.sdk.weight import weight_of_record, weight_of_span


def test_a_span_weighs_what_its_text_is_encoded_to() -> None:
    """Text of one byte a character, or of three, in attributes and in events."""
    for text in ("a" * 50_000, "\u6f22" * 50_000, ("a" * 25_000, "b" * 25_000)):
        span = TracerProvider().get_tracer("t").start_span("s", attributes={"text": text, "count": 1})
        span.add_event("e", {"text": text})
        span.end()
        assert isinstance(span, ReadableSpan)
        assert 0 <= len(SpanEncoder().request([span])) - weight_of_span(span) < 1_000


def test_a_record_weighs_its_body_and_attributes() -> None:
    """Structured values by their parts; a text of the application's own class is not asked for its length."""

    class Odd(str):
        __slots__ = ()

        def __len__(self) -> int:
            raise ValueError

    body: AnyValue = {"messages": [{"content": "a" * 1_000}, {"content": b"b" * 500}], "odd": Odd("x")}
    record = LogRecord(body=body, attributes={"c": "c" * 300})
    found = weight_of_record(ReadableLogRecord(log_record=record, resource=Resource.get_empty()))
    assert 1_800 <= found < 1_900
