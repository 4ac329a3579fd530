import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider

from spanglass.sdk import guard
from spanglass.sdk.context import NOTHING, CallContext, context, current
from spanglass.sdk.propagation.message import extract, inject

TRACER = TracerProvider(shutdown_on_exit=False).get_tracer("test")
Form = Callable[[dict[str, str]], object]


class Werkzeug:
    """Headers with `items()` that are no mapping."""

    def __init__(self, headers: dict[str, str]) -> None:
        self._headers = headers

    def items(self) -> Iterator[tuple[str, str]]:
        """All of them."""
        return iter(self._headers.items())


FORMS: dict[str, Form] = {
    "dictionary": lambda headers: headers,
    "names of any case": lambda headers: {name.title(): value for name, value in headers.items()},
    "Kafka": lambda headers: [(name, value.encode()) for name, value in headers.items()],
    "ASGI": lambda headers: [(name.encode(), value.encode()) for name, value in headers.items()],
    "ASGI scope": lambda headers: {
        "type": "websocket",
        "headers": [(n.encode(), v.encode()) for n, v in headers.items()],
    },
    "WSGI": lambda headers: {"REQUEST_METHOD": "GET"} | {f"HTTP_{name.upper()}": v for name, v in headers.items()},
    "lists of values": lambda headers: {name: [value] for name, value in headers.items()},
    "werkzeug": Werkzeug,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_what_was_known_to_the_sender_is_known_to_the_receiver(form: Form) -> None:
    """In every form of headers the receiver's spans continue the trace and its work is for the same user."""
    known = CallContext("u-1", "s-1", "search", "answer", "3")
    with TRACER.start_as_current_span("send") as sent, context(**known._asdict()):
        headers = inject()
    with extract(form(headers)):
        assert current() == known
        received = TRACER.start_span("receive")
    assert isinstance(received, ReadableSpan)
    assert received.parent is not None
    assert (received.parent.trace_id, received.parent.span_id, received.parent.is_remote) == (
        sent.get_span_context().trace_id,
        sent.get_span_context().span_id,
        True,
    )
    assert current() is NOTHING
    assert not trace.get_current_span().get_span_context().is_valid


@given(st.text(min_size=1, max_size=300))
def test_an_id_arrives_as_it_is_or_not_at_all(user: str) -> None:
    """Every printable text of at most 256 characters survives the journey; nothing else is sent."""
    with context(user_id=user):
        headers = inject()
    with extract(headers):
        arrived = current().user_id
    fits = len(user) <= 256 and user.isprintable()
    # W3C Baggage ignores white space around a value, and OpenTelemetry strips it after decoding.
    assert arrived == ((user.strip() or None) if fits else None)


def test_lists_keep_their_kind_and_hold_each_header_once() -> None:
    """Kafka's and ASGI's lists get pairs of their own kind, and a second injection replaces the first."""
    with TRACER.start_as_current_span("send"):
        kafka: list[tuple[str, bytes]] = [("key", b"1"), ("Traceparent", b"old")]
        asgi: list[tuple[bytes, bytes]] = [(b"host", b"here")]
        assert inject(kafka) is kafka
        assert inject(inject(asgi)) is asgi
    assert [name for name, _ in kafka] == ["key", "traceparent"]
    assert [name for name, _ in asgi] == [b"host", b"traceparent"]


_odd = st.none() | st.integers() | st.text(max_size=5) | st.binary(max_size=5)
_names = _odd | st.sampled_from(["traceparent", "tracestate", "baggage", b"baggage", "HTTP_BAGGAGE"])
_values = (
    _odd
    | st.sampled_from(["user.id=%FF", "user.id=", "=", ",,;;", "00-" + "0" * 32 + "-" + "1" * 16 + "-01", "x" * 10_000])
    | st.lists(_odd, max_size=2)
)


@given(
    _odd
    | st.dictionaries(_names, _values, max_size=4)
    | st.lists(st.tuples(_names, _values) | _odd | st.tuples(_odd), max_size=4)
)
def test_hostile_headers_harm_nobody(carrier: Any) -> None:  # noqa: ANN401 - anything is what it gets
    """Whatever comes as headers, nothing is raised, no fault is counted, and the block runs."""
    before = dict(guard.faults())
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    with extract(carrier):
        assert all(value is None or len(value) <= 256 for value in current())
    logging.getLogger("opentelemetry").setLevel(logging.NOTSET)
    assert guard.faults() == before


def test_reading_is_bounded() -> None:
    """Of an endless stream of headers the first thousand are read."""
    taken = 0

    def endless() -> Iterator[tuple[str, str]]:
        nonlocal taken
        while True:
            taken += 1
            yield ("x", "y")

    extract(endless())
    assert taken <= 1_001


def test_without_a_trace_in_the_headers_a_new_one_starts() -> None:
    """A message that says nothing is no child of what the receiver does by itself, and inherits for whom it works."""
    with TRACER.start_as_current_span("poll"), context(feature="worker"), extract({}) as message:
        span = TRACER.start_span("process")
        assert isinstance(span, ReadableSpan)
        assert span.parent is None
        assert current(message.context).feature == "worker"


def test_the_block_s_own_error_passes() -> None:
    """What is raised inside reaches the caller, and the context is taken back."""
    with pytest.raises(ZeroDivisionError), extract({"baggage": "user.id=u"}):
        raise ZeroDivisionError
    assert current() is NOTHING
