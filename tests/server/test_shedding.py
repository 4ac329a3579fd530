"""Shedding: content goes, what it meant and what went wrong stays."""

from decimal import Decimal

from hypothesis import given
from msgspec.structs import replace
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from exports import export, pair, span_message, traces
from records import T0, batch, log
from spanglass.server.pipeline import prepare
from spanglass.server.receive.decode import Decoder
from spanglass.server.receive.limits import Limits
from spanglass.server.record import Event, Signal, StoredSpan
from spanglass.server.shedding import shed

LONG = "x" * 10_000
CALL: dict[str, str | float] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 100,
}


def understood(**attributes: str) -> StoredSpan:
    message = span_message()
    message.attributes.extend(pair(key, value) for key, value in {**CALL, **attributes}.items())
    received = Decoder(Limits()).decode(Signal.TRACES, export([message]).SerializeToString(), received_ns=T0)
    return prepare(received).spans[0]


def test_messages_go_and_usage_cost_and_errors_stay() -> None:
    """A span without its messages still has model, tokens, cost and the whole stack trace, and says what it lost."""
    full = understood(**{"gen_ai.input.messages": LONG, "exception.stacktrace": LONG, "user.id": "ann"})

    less = shed(batch(full))
    left = less.batch.spans[0]

    assert left.facts == full.facts
    assert left.cost is not None
    assert left.cost.amount == Decimal("0.00021")
    kept = {key: full.span.attributes[key] for key in (*CALL, "exception.stacktrace", "user.id")}
    assert left.span.attributes == {**kept, "spanglass.shed": ("gen_ai.input.messages",)}
    assert less.items == 1
    assert len(LONG) <= less.freed < len(LONG) + 200


def test_events_and_log_bodies_lose_content_too() -> None:
    """A message in an event or a log body goes; an error's words in an event stay."""
    full = understood()
    events = (Event("choice", T0, {"message": LONG}), Event("exception", T0, {"exception.message": LONG}))
    record = replace(log(), body={"text": LONG}, attributes={"tool": LONG, "n": 1})

    less = shed(replace(batch(replace(full, span=replace(full.span, events=events))), logs=[record]))

    assert less.batch.spans[0].span.events == (
        replace(events[0], attributes={"spanglass.shed": ("message",)}),
        events[1],
    )
    assert less.batch.spans[0].span.attributes == CALL
    assert less.batch.logs[0].body is None
    assert less.batch.logs[0].attributes == {"n": 1, "spanglass.shed": ("body", "tool")}
    assert less.items == 2


@given(traces)
def test_nothing_is_shed_twice_and_nothing_understood_is_lost(message: TracesData) -> None:
    """Whatever is sent, what was read from it stays, and shedding again finds nothing."""
    full = prepare(Decoder(Limits()).decode(Signal.TRACES, message.SerializeToString(), received_ns=T0))

    once = shed(full).batch
    again = shed(once)

    assert [(span.facts, span.cost) for span in once.spans] == [(span.facts, span.cost) for span in full.spans]
    assert (again.items, again.freed) == (0, 0)
    assert again.batch == once
