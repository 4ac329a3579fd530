import json
from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from spanglass.standin import tokens

Wish = Callable[[str], dict[str, str]]
EVENT: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)
TOOL: Any = {"type": "function", "name": "seat_map", "parameters": {"properties": {"row": {"type": "integer"}}}}


def whole(client: openai.OpenAI, headers: dict[str, str] | None = None, **more: object) -> Response:
    """Ask for one answer; it must be what the client's own types say."""
    create: Any = client.responses.create
    answer = create(model="gpt-4o-mini", input="Which seat is quietest?", extra_headers=headers or {}, **more)
    assert isinstance(answer, Response)
    return Response.model_validate(answer.to_dict())


def streamed(client: openai.OpenAI, headers: dict[str, str] | None = None, **more: object) -> list[ResponseStreamEvent]:
    """Ask for a stream; every event must be what the client's own types say."""
    create: Any = client.responses.create
    asked = {"model": "gpt-4o-mini", "input": "Which seat is quietest?", "stream": True} | more
    with create(extra_headers=headers or {}, **asked) as events:
        return [EVENT.validate_python(event.to_dict()) for event in events]


def test_usage_agrees_with_the_text(client: openai.OpenAI) -> None:
    """Output tokens are the tokens of the answer, and the total is the sum."""
    answer = whole(client, instructions="Be brief.")
    assert answer.usage is not None
    assert answer.usage.output_tokens == tokens.count(answer.output_text)
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    assert answer.status == "completed"
    assert answer.instructions == "Be brief."


def test_a_stream_is_numbered_and_ends_with_the_whole(client: openai.OpenAI) -> None:
    """Events are numbered without a gap, the pieces add up, and the last event carries the finished response."""
    events = streamed(client)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    last = events[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == text
    assert last.response.usage is not None


def test_thinking_is_an_item_before_the_message(client: openai.OpenAI) -> None:
    """A reasoning model puts out its thinking first, with a summary where one was asked for."""
    events = streamed(client, model="gpt-5-mini", reasoning={"effort": "medium", "summary": "auto"})
    last = events[-1]
    assert last.type == "response.completed"
    assert [item.type for item in last.response.output] == ["reasoning", "message"]
    assert last.response.usage is not None
    assert last.response.usage.output_tokens_details.reasoning_tokens == 256
    assert any(event.type == "response.reasoning_summary_text.delta" for event in events)


def test_tools_are_called(client: openai.OpenAI, wish: Wish) -> None:
    """A call is an item with its arguments, streamed or not, and its result is answered with text."""
    (item,) = whole(client, wish("tools"), tools=[TOOL]).output
    assert item.type == "function_call"
    assert set(json.loads(item.arguments)) == {"row"}
    done = [e for e in streamed(client, wish("tools"), tools=[TOOL]) if e.type == "response.output_item.done"]
    assert [event.item.type for event in done] == ["function_call"]
    answer = client.responses.create(
        model="gpt-4o",
        input=[
            {"role": "user", "content": "Which seat?"},
            {"type": "function_call", "call_id": item.call_id, "name": item.name, "arguments": item.arguments},
            {"type": "function_call_output", "call_id": item.call_id, "output": "12A is free."},
        ],
        tools=[TOOL],
        extra_headers=wish("tools"),
    )
    assert answer.output_text


@pytest.mark.parametrize(("scenario", "field"), [("cached", "cached_tokens"), ("cache-write", "cache_write_tokens")])
def test_cache_counts_are_part_of_the_input(client: openai.OpenAI, wish: Wish, scenario: str, field: str) -> None:
    """Cached and cache-written tokens are above zero and within the input."""
    usage = whole(client, wish(scenario)).usage
    assert usage is not None
    assert 0 < getattr(usage.input_tokens_details, field) <= usage.input_tokens


@pytest.mark.parametrize(
    ("scenario", "reason"), [("length", "max_output_tokens"), ("content-filter", "content_filter")]
)
def test_answers_that_stop_early_are_incomplete(client: openai.OpenAI, wish: Wish, scenario: str, reason: str) -> None:
    """An answer that stops early has status incomplete and says why, streamed or not."""
    answer = whole(client, wish(scenario))
    assert answer.status == "incomplete"
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == reason
    assert streamed(client, wish(scenario))[-1].type == "response.incomplete"


def test_a_refusal_is_its_own_content(client: openai.OpenAI, wish: Wish) -> None:
    """A refusal is a content part of its own type, streamed or not."""
    (item,) = whole(client, wish("refusal")).output
    assert item.type == "message"
    assert [part.type for part in item.content] == ["refusal"]
    assert any(event.type == "response.refusal.delta" for event in streamed(client, wish("refusal")))


def test_a_stream_can_fail_half_way(client: openai.OpenAI, wish: Wish) -> None:
    """An error event ends the stream, and a cut breaks the connection."""
    assert streamed(client, wish("stream-error"))[-1].type == "error"
    with pytest.raises(openai.APIConnectionError):
        streamed(client, wish("cut"))
