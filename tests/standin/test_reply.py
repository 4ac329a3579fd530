import json
from random import Random

import pytest
from inline_snapshot import snapshot

from spanglass.standin import tokens
from spanglass.standin.ask import Ask, from_chat
from spanglass.standin.reply import Reply, ToolUse, decide, example
from spanglass.standin.scenario import Scenario


def ask(**more: object) -> Ask:
    """A request with one question."""
    return from_chat({"model": "gpt-4o", "messages": [{"role": "user", "content": "Is breakfast included?"}]} | more)


def test_an_answer_is_made_up_from_the_question() -> None:
    """Where no script has a reply, the same question gets the same answer."""
    first, second = (decide(ask(), {}, replies=None, random=Random(1)) for _ in range(2))
    assert first == second
    assert first.text.startswith("You asked: Is breakfast included?")


def test_a_script_goes_first() -> None:
    """A scripted reply is what is said; where the script has none, one is made up."""
    scripted = decide(ask(), {}, replies=lambda _: Reply("Yes."), random=Random(1))
    assert scripted.text == "Yes."
    assert decide(ask(), {}, replies=lambda _: None, random=Random(1)).text.startswith("You asked")


def test_calling_tools_is_the_finish_reason() -> None:
    """A reply with tools finishes with tool_calls whoever wrote it."""
    reply = decide(ask(), {}, replies=lambda _: Reply(tools=(ToolUse("find", "{}"),)), random=Random(1))
    assert reply.finish == "tool_calls"


@pytest.mark.parametrize("limit", [1, 5, 70])
def test_output_never_exceeds_the_limit(limit: int) -> None:
    """Thinking and text together stay within max_tokens, and the finish reason says so."""
    reply = decide(ask(max_tokens=limit), {Scenario.REASONING: 64.0}, replies=None, random=Random(1))
    assert (reply.reasoning or 0) + tokens.count(reply.text) == limit
    assert reply.finish == "length"


def test_an_answer_fits_the_schema_it_must_follow() -> None:
    """A structured answer is JSON of the asked-for form."""
    schema = {"type": "object", "properties": {"city": {"enum": ["Porto"]}, "nights": {"type": "integer"}}}
    wanted = ask(response_format={"type": "json_schema", "json_schema": {"name": "trip", "schema": schema}})
    answer = json.loads(decide(wanted, {}, replies=None, random=Random(1)).text)
    assert answer["city"] == "Porto"
    assert isinstance(answer["nights"], int)


def test_examples_follow_the_common_keywords() -> None:
    """Arguments made up for a tool fit its schema."""
    schema = {
        "type": "object",
        "properties": {
            "from": {"type": "string"},
            "class": {"enum": ["economy"]},
            "bags": {"type": "array", "items": {"type": "boolean"}},
            "seats": {"anyOf": [{"type": "null"}, {"type": "integer"}]},
            "anything": {},
        },
    }
    assert example(schema, Random(3)) == snapshot(
        {"from": "tomorrow", "class": "economy", "bags": [True], "seats": None, "anything": {}}
    )
