import asyncio
from collections import Counter
from itertools import islice
from random import Random
from typing import Any

import openai
import pytest
from inline_snapshot import snapshot

from spanglass.sdk.content import ContentMode
from spanglass.standin import chatbot
from spanglass.standin.chatbot import PROGRAMME
from spanglass.standin.desk import Desk
from spanglass.standin.provider import create_app
from spanglass.standin.script import Script, load
from spanglass.standin.serve import serving
from spanglass.testing import capture

Spans = list[dict[str, Any]]
FASTER = 300


@pytest.fixture(scope="module")
def script() -> Script:
    """What is said."""
    return load()


@pytest.fixture(scope="module")
def spans(script: Script) -> Spans:
    """All spans of the whole programme, once through."""
    with (
        serving(create_app(replies=script.replies, speed=FASTER, seed=5)) as url,
        capture(content=ContentMode.SPAN_ONLY) as seen,
    ):
        asyncio.run(chatbot.run(url, speed=FASTER, seed=5, wanted=PROGRAMME))
        return seen.spans()


def calls(spans: Spans) -> Spans:
    """The spans that are calls to a model."""
    return [span for span in spans if span["attributes"].get("gen_ai.provider.name")]


def values(spans: Spans, name: str) -> set[object]:
    """The values of an attribute."""
    return {span["attributes"][name] for span in spans if name in span["attributes"]}


def test_every_feature_is_seen(spans: Spans) -> None:
    """Each feature of the programme has calls, and every span says who it was for."""
    assert values(calls(spans), "spanglass.feature") == {errand.name for errand in PROGRAMME}
    assert all({"user.id", "session.id", "spanglass.feature"} <= set(span["attributes"]) for span in spans)


def test_every_state_of_a_cost_is_seen(spans: Spans) -> None:
    """The demo shows computed, estimated and unpriced costs."""
    assert values(calls(spans), "spanglass.cost.state") >= {"computed", "estimated", "unpriced"}


def test_the_sub_counts_are_seen(spans: Spans) -> None:
    """Cached, reasoning and audio tokens are above zero somewhere."""
    for name in (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.audio.output_tokens",
    ):
        assert any(isinstance(value, int) and value > 0 for value in values(calls(spans), name)), name


def test_what_goes_wrong_is_seen(spans: Spans) -> None:
    """Rate limits, server errors and refused requests are spans with the provider's word for them."""
    assert values(calls(spans), "error.type") >= {
        "rate_limit_exceeded",
        "server_error",
        "slow_down",
        "context_length_exceeded",
        "model_not_found",
    }
    assert values(calls(spans), "http.request.resend_count") == {1, 2}


def test_streams_that_end_early_are_seen(spans: Spans) -> None:
    """One traveller leaves, one connection breaks."""
    assert values(calls(spans), "spanglass.response.end") == {"cancelled", "error"}


def test_content_is_captured(spans: Spans) -> None:
    """The demo shows messages: the handbook, a question and its answer."""
    texts = str(values(calls(spans), "gen_ai.input.messages")) + str(values(calls(spans), "gen_ai.output.messages"))
    assert "You are Skipper" in texts
    assert "before dinner on Saturday" in texts or "four friends with bicycles" in texts


def judgements(spans: Spans) -> list[dict[str, Any]]:
    """What was said of answers, as spans hold it."""
    events = [event for span in spans for event in span.get("events", ())]
    return [event["attributes"] for event in events if event["name"] == "gen_ai.evaluation.result"]


def test_answers_are_judged(spans: Spans) -> None:
    """A check says of every search how relevant its answer was."""
    said = [one for one in judgements(spans) if one["gen_ai.evaluation.name"] == "relevance"]
    assert said
    assert all(0 <= one["gen_ai.evaluation.score.value"] <= 1 for one in said)
    assert {one["spanglass.feedback.source"] for one in said} == {"check"}


def test_travellers_press_thumbs(script: Script) -> None:
    """Of many travellers some say that it helped, some that it did not, and some say nothing."""
    desk = Desk(client=openai.AsyncOpenAI(api_key="none"), script=script, random=Random(5))
    with capture() as seen:
        for _ in range(50):
            with desk.request("/chat"):
                desk.ask_whether_it_helped()
        said = judgements(seen.spans())
    assert {one["gen_ai.evaluation.score.label"] for one in said} == {"up", "down"}
    assert {one["spanglass.feedback.source"] for one in said} == {"user"}
    assert len(said) < 50


def test_an_agents_trace_looks_like_a_products(spans: Spans) -> None:
    """A booking is one trace: agent, steps, calls, tools with what they do, a person waiting, the database."""
    roots = [span for span in spans if span["name"] == "POST /book"]
    assert tree(spans, roots[0]) == snapshot(
        [
            "POST /book",
            "  invoke_agent booking-agent",
            "    plan booking-agent",
            "      chat gpt-5.2",
            "      execute_tool find_trains",
            "        GET",
            "      execute_tool find_ferries",
            "        GET",
            "    step act",
            "      chat gpt-5.2",
            "      wait approval journey",
            "      execute_tool hold_booking",
            "        INSERT bookings",
            "    step synthesize",
            "      chat gpt-5.2",
            "  INSERT messages",
        ]
    )


def tree(spans: Spans, root: dict[str, Any], depth: int = 0) -> list[str]:
    """Return the names of a trace, indented."""
    lines = ["  " * depth + root["name"]]
    for span in spans:
        if span["parent"] == root["id"]:
            lines += tree(spans, span, depth + 1)
    return lines


def test_the_programme_comes_first_and_then_chance() -> None:
    """Everything is seen once before anything comes again, and then the common is common."""
    served = list(islice(chatbot.errands(Random(2)), len(PROGRAMME) + 600))
    assert tuple(served[: len(PROGRAMME)]) == PROGRAMME
    common = Counter(errand.name for errand in served[len(PROGRAMME) :]).most_common(2)
    assert [name for name, _ in common] == ["support", "search"]


def test_every_question_of_the_script_has_an_answer(script: Script) -> None:
    """No question falls through to a made-up answer, except the one that the provider refuses."""
    unanswered = [one.question for one in script.exchanges() if not any(s.text or s.tools for s in one.steps)]
    assert unanswered == [one.question for one in script.too_long]
    questions = [one.question for one in script.exchanges()]
    assert len(questions) == len(set(questions))
    assert {tool.name for one in script.journeys for step in one.steps for tool in step.tools} <= set(
        script.tool_results
    )
