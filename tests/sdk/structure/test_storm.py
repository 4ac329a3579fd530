import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from inline_snapshot import snapshot
from opentelemetry import trace

import spanglass
from scripted import Answer, scripted
from spanglass.sdk import active, dropped
from spanglass.sdk.structure import family
from spanglass.testing import Captured, capture

tracer = trace.get_tracer("shop")


@contextmanager
def limited(limit: int) -> Iterator[Captured]:
    """Capture with few spans of a kind allowed."""
    with capture() as seen:
        on = active.current()
        assert on is not None
        before = active.activate(dataclasses.replace(on, span_storm=limit))
        yield seen
        active.activate(before)


@spanglass.tool
def look(number: int) -> int:
    """Fail at 7."""
    if number == 7:
        raise ValueError("seven")
    return number


def look_at(count: int) -> None:
    """Call the tool in a loop, as an agent that has lost its way does."""
    for number in range(count):
        try:
            look(number)
        except ValueError:
            continue


def test_a_storm_is_folded_into_one_span(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Further spans become one with count, errors and time; metrics have all; it is counted, and said once."""
    monkeypatch.setattr(family, "_said", False)
    before = dict(dropped.totals()).get(("traces", "storm"), 0)
    with limited(3) as seen, spanglass.agent("lost"):
        look_at(10)
    spans = seen.spans()
    assert [span["name"] for span in spans] == ["invoke_agent lost", *["execute_tool look"] * 4]
    assert {key: spans[4][key] for key in ("parent", "start", "end", "attributes")} == snapshot(
        {
            "parent": 1,
            "start": 12.0,
            "end": 31.0,
            "attributes": {
                "gen_ai.agent.name": "lost",
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.description": "Fail at 7.",
                "gen_ai.tool.name": "look",
                "gen_ai.tool.type": "function",
                "spanglass.folded.count": 7,
                "spanglass.folded.duration": 7.0,
                "spanglass.folded.errors": 1,
            },
        }
    )
    assert sum(point["count"] for point in seen.metrics()["gen_ai.execute_tool.duration"]) == 10
    assert dropped.totals()["traces", "storm"] - before == 7
    assert caplog.text.count("SPANGLASS_SPAN_STORM") == 1


def test_below_a_span_of_the_application_too() -> None:
    """A loop under a plain OpenTelemetry span is folded when that span ends."""
    with limited(2) as seen:
        with tracer.start_as_current_span("request"):
            look_at(5)
        assert [span["name"] for span in seen.spans()] == ["request", *["execute_tool look"] * 3]
    assert seen.spans()[3]["attributes"]["spanglass.folded.count"] == 3
    assert seen.spans()[3]["parent"] == 1


def test_names_made_up_in_a_loop_do_not_escape() -> None:
    """Spans of a kind count together; where their names differ, the fold bears the kind's."""
    with limited(2) as seen, spanglass.agent("lost") as run:
        for number in range(6):
            with spanglass.step(f"item {number}"):
                pass
    assert [span["name"] for span in seen.spans()] == ["invoke_agent lost", "step item 0", "step item 1", "step"]
    assert run.steps == 6


def test_calls_below_folded_runs_are_kept() -> None:
    """A call to a model is never folded: it carries money, and becomes a child of the span around."""
    answer = {"id": "c", "model": "gpt-4o-mini", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}
    question = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "x"}]}
    with scripted(*[Answer([json.dumps(answer).encode()])] * 4) as server, limited(1) as seen, spanglass.agent("lost"):
        for _ in range(4):
            with spanglass.tool("ask"), spanglass.step("inner"):
                httpx.post(f"{server.url}/v1/chat/completions", json=question)
    spans = seen.spans()
    above = {span["id"]: span["name"] for span in spans}
    calls = [above[span["parent"]] for span in spans if span["name"].startswith("chat")]
    assert calls == ["step inner", "step inner", "invoke_agent lost", "invoke_agent lost"]
    folds = {span["name"]: span["attributes"].get("spanglass.folded.count") for span in spans}
    assert folds["step inner"] == 2


def test_a_storm_of_roots_is_not_folded() -> None:
    """Without a span around there is nothing to fold them into."""
    with limited(2) as seen:
        look_at(5)
    assert len(seen.spans()) == 5


def test_the_default_is_a_thousand() -> None:
    """Nobody meets the limit who does not run wild."""
    with capture(calls=False) as seen, spanglass.agent("busy"):
        for _ in range(1001):
            with spanglass.step():
                pass
    assert len(seen.spans()) == 1 + 1000 + 1
    assert seen.spans()[0]["attributes"]["spanglass.agent.steps"] == 1001
