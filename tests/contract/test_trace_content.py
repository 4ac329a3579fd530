"""What a trace says of its spans beside the calls: what was said, agents, tools, tags, errors and scores."""

import json
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from records import SECOND, T0, batch, call, resource, span, span_id, trace_id
from spanglass.server.content import part
from spanglass.server.query.said import ContentView, content_view
from spanglass.server.query.trace import SpanView, trace
from spanglass.server.record import Attributes, Batch, Event, Facts, Scope, Score, Status, StoredSpan, Work
from spanglass.server.store.protocol import Row, Store
from spanglass.server.store.rows import json_text

HI: Any = [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]
HELLO: Any = [{"role": "assistant", "parts": [{"type": "text", "content": "Hello"}]}]
CURRENT: Attributes = {
    "gen_ai.operation.name": "chat",
    "gen_ai.input.messages": json.dumps(HI),
    "gen_ai.output.messages": json.dumps(HELLO),
    "gen_ai.system_instructions": '[{"type":"text","content":"Be brief."}]',
}


def plain(view: ContentView | None) -> dict[str, Any] | None:
    """Return content as its reader sees it, without what is null."""
    if view is None:
        return None
    return {name: said for name, said in msgspec.json.decode(msgspec.json.encode(view)).items() if said is not None}


def opened(store: Store, *spans: StoredSpan, scores: tuple[Score, ...] = ()) -> tuple[SpanView, ...]:
    """Return the spans of a trace that was stored just now."""
    made = batch(*spans)
    store.write([Batch(made.digest, made.received_ns, made.spans, scores=scores)])
    return trace(store, trace_id(1)).spans


def judged(name: str, at: float = 0.0, **more: Any) -> Score:  # noqa: ANN401 - fields of a score
    """Return a score of trace 1 that says no more than it is told to."""
    fields: dict[str, Any] = dict.fromkeys(["span_id", "response_id", "value", "label", "explanation", "source"])
    whose = {"trace_id": trace_id(1), "resource": resource()}
    return Score(time_ns=T0 + round(at * SECOND), name=name, **{**fields, **whose, **more})


def test_what_was_said_is_shown_in_one_shape(store: Store) -> None:
    """Messages come in the conventions' shape whatever dialect recorded them; attributes stay as they were sent."""
    flattened = {"openinference.span.kind": "LLM", "llm.input_messages.0.message.content": "Hi", "llm.model_name": "g"}
    tool = {"langfuse.observation.type": "tool", "langfuse.observation.input": '{"city":"Rome"}'}
    asked = Event("gen_ai.user.message", T0 + 1, {"content": "Hi"})
    views = opened(
        store,
        span(1, 1, attributes=CURRENT),
        span(1, 2, at=1, attributes=flattened),
        span(1, 3, at=2, attributes=tool),
        span(1, 4, at=3, events=(Event("exception", T0, {"exception.message": "no"}), asked)),
        span(1, 5, at=4, attributes={"http.route": "/chat"}),
    )

    assert [plain(view.content) for view in views] == [
        {
            "input_messages": HI,
            "output_messages": HELLO,
            "system_instructions": [{"type": "text", "content": "Be brief."}],
        },
        {"input_messages": HI},
        {"tool_arguments": {"city": "Rome"}},
        {"input_messages": HI},
        None,
    ]
    assert msgspec.json.decode(views[0].attributes) == CURRENT
    assert [event.name for event in views[3].events] == ["exception", "gen_ai.user.message"]


def test_a_span_says_who_worked_and_what_went_wrong(store: Store) -> None:
    """Agent, tool, tags, and the line and group of an error are there; unknown is None."""
    facts = Facts(
        Work.TOOL, agent_name="concierge", tool_name="sql", tags=("a", "b"), error_message="no", error_group="0" * 16
    )
    tool, other = opened(store, span(1, 1, facts=facts, status=Status.ERROR), span(1, 2, at=1))

    assert (tool.agent_name, tool.tool_name, tool.tags, tool.error_message, tool.error_group) == (
        *("concierge", "sql", ("a", "b"), "no", "0" * 16),
    )
    assert (other.agent_name, other.tool_name, other.tags, other.error_message, other.error_group) == (
        *(None, None, (), None, None),
    )


def test_scores_stand_with_their_trace(store: Store) -> None:
    """Those that name the trace, and those that name only a response of it; each once, in order of time."""
    made = call(1, 1)
    assert made.facts.call is not None
    answered = StoredSpan(made.span, replace(made.facts, call=replace(made.facts.call, response_id="r-1")))
    scores = (
        judged("thumbs", 2, label="up", source="user", span_id=span_id(1)),
        judged("relevance", 1, trace_id=None, response_id="r-1", value=0.5, explanation="Half of it."),
        judged("thumbs", 2, label="up", source="user", span_id=span_id(1)),
        judged("of another", trace_id=trace_id(2), value=1),
        judged("of another response", trace_id=None, response_id="r-2", value=1),
        judged("of nobody", trace_id=None, value=1),
    )
    opened(store, answered, span(2, 1), scores=scores)

    assert [
        (one.time - T0 / SECOND, one.name, one.value, one.label, one.span_id, one.response_id, one.source)
        for one in trace(store, trace_id(1)).scores
    ] == [
        (1.0, "relevance", 0.5, None, None, "r-1", None),
        (2.0, "thumbs", None, "up", span_id(1), None, "user"),
    ]
    assert [one.name for one in trace(store, trace_id(2)).scores] == ["of another"]


def row(one: StoredSpan, **columns: Any) -> Row:  # noqa: ANN401 - cells
    """Return what `trace.sql` selects of a span, as it was stored before content was kept apart."""
    sent = one.span
    return {
        "name": sent.name,
        "scope_name": sent.scope.name,
        "start_ns": sent.start_ns,
        "end_ns": sent.end_ns,
        "attributes": json_text(sent.attributes),
        "events": None,
        "received_ns": None,
        "content_attributes": None,
        "content_events": None,
        **columns,
    }


def test_content_of_older_spans_is_shown_too() -> None:
    """Spans that were stored whole show the same as those stored in two parts; what has gone stays gone."""
    whole = span(1, 1, attributes=CURRENT)
    left = part(whole.span.attributes, ())
    apart = row(whole, attributes=json_text(left.attributes), received_ns=T0)

    assert plain(content_view(row(whole))) == plain(
        content_view({**apart, "content_attributes": json_text(left.content_attributes)})
    )
    assert content_view(apart) is None
    assert content_view(row(span(1, 2))) is None


@pytest.mark.parametrize("text", ['"', "[" * 900, '{"role":' * 500, '[{"parts":"' + "x" * 5000, "\\ud800", "null"])
def test_content_that_cannot_be_read_is_a_text(text: str) -> None:
    """Cut, deep or odd text under a name of messages is shown as a text, and never breaks a trace."""
    sent = span(1, 1, attributes={"gen_ai.input.messages": text, "gen_ai.tool.call.result": "[" * 800 + "]" * 800})
    named: StoredSpan = replace(sent, span=replace(sent.span, scope=Scope("gcp.vertex.agent", None)))

    assert msgspec.json.encode(content_view(row(named)))
