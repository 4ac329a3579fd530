import asyncio
import json
from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionFunctionToolParam

from spanglass.standin import tokens

Wish = Callable[[str], dict[str, str]]
QUESTION: Any = [{"role": "user", "content": "May I bring a guitar on board?"}]
TOOL: ChatCompletionFunctionToolParam = {
    "type": "function",
    "function": {
        "name": "baggage_rules",
        "parameters": {"type": "object", "properties": {"item": {"type": "string"}}},
    },
}


def whole(client: openai.OpenAI, scenarios: str = "", wish: Wish | None = None, **more: object) -> ChatCompletion:
    """Ask for one answer; it must be what the client's own types say."""
    create: Any = client.chat.completions.create
    answer = create(model="gpt-4o-mini", messages=QUESTION, extra_headers=wish(scenarios) if wish else {}, **more)
    assert isinstance(answer, ChatCompletion)
    return ChatCompletion.model_validate(answer.to_dict())


def streamed(client: openai.OpenAI, scenarios: str, wish: Wish, **more: object) -> list[ChatCompletionChunk]:
    """Ask for a stream; every event must be what the client's own types say."""
    create: Any = client.chat.completions.create
    options = {"stream": True, "stream_options": {"include_usage": True}, "extra_headers": wish(scenarios)}
    with create(model="gpt-4o-mini", messages=QUESTION, **options, **more) as chunks:
        return [ChatCompletionChunk.model_validate(chunk.to_dict()) for chunk in chunks]


def text_of(chunks: list[ChatCompletionChunk]) -> str:
    """The text of the first choice."""
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices if choice.index == 0)


def test_usage_agrees_with_the_text(client: openai.OpenAI) -> None:
    """Output tokens are the tokens of the answer, and the total is the sum."""
    answer = whole(client)
    usage = answer.usage
    assert usage is not None
    assert usage.completion_tokens == tokens.count(answer.choices[0].message.content or "")
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert answer.model == "gpt-4o-mini-2024-07-18"
    assert answer.choices[0].finish_reason == "stop"


def test_a_stream_says_what_the_whole_answer_says(client: openai.OpenAI, wish: Wish) -> None:
    """Streamed pieces add up to a text whose usage the last event reports; nothing follows it."""
    chunks = streamed(client, "plain", wish)
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == tokens.count(text_of(chunks))
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_the_async_client_gets_the_same(base_url: str) -> None:
    """The async client reads whole and streamed answers."""

    async def ask() -> tuple[str | None, int]:
        async with openai.AsyncOpenAI(base_url=base_url, api_key="made-up") as client:
            answer = await client.chat.completions.create(model="gpt-4o-mini", messages=QUESTION)
            stream = await client.chat.completions.create(model="gpt-4o-mini", messages=QUESTION, stream=True)
            return answer.choices[0].message.content, len([chunk async for chunk in stream])

    text, events = asyncio.run(ask())
    assert text is not None
    assert text.startswith("You asked: May I bring a guitar on board?")
    assert events > 5


def test_tools_are_called_with_arguments_that_fit(client: openai.OpenAI, wish: Wish) -> None:
    """The scenario `tools` calls every offered tool with JSON arguments."""
    message = whole(client, "tools", wish, tools=[TOOL]).choices[0]
    assert message.finish_reason == "tool_calls"
    assert message.message.tool_calls is not None
    (call,) = message.message.tool_calls
    assert call.type == "function"
    assert call.function.name == "baggage_rules"
    assert set(json.loads(call.function.arguments)) == {"item"}


def test_a_streamed_tool_call_adds_up(client: openai.OpenAI, wish: Wish) -> None:
    """The pieces of streamed arguments are one JSON text, under one id."""
    deltas = [
        call
        for chunk in streamed(client, "tools", wish, tools=[TOOL])
        for choice in chunk.choices
        for call in choice.delta.tool_calls or ()
    ]
    assert [call.id for call in deltas if call.id] == [deltas[0].id]
    arguments = "".join(call.function.arguments or "" for call in deltas if call.function)
    assert set(json.loads(arguments)) == {"item"}


def test_a_tool_result_is_answered(client: openai.OpenAI, wish: Wish) -> None:
    """With the result in the conversation the model talks instead of calling again."""
    followed = [
        *QUESTION,
        {
            "role": "assistant",
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "baggage_rules", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c", "content": "Yes, as cabin baggage."},
    ]
    answer = client.chat.completions.create(
        model="gpt-4o", messages=followed, tools=[TOOL], extra_headers=wish("tools")
    )
    assert answer.choices[0].finish_reason == "stop"


@pytest.mark.parametrize(
    ("scenario", "part", "field"),
    [
        ("cached", "prompt_tokens_details", "cached_tokens"),
        ("cache-write", "prompt_tokens_details", "cache_write_tokens"),
        ("audio", "prompt_tokens_details", "audio_tokens"),
        ("audio", "completion_tokens_details", "audio_tokens"),
        ("reasoning", "completion_tokens_details", "reasoning_tokens"),
    ],
)
def test_sub_counts_are_part_of_their_totals(
    client: openai.OpenAI, wish: Wish, scenario: str, part: str, field: str
) -> None:
    """A sub-count is there, above zero, and no more than the total it belongs to."""
    usage = whole(client, scenario, wish).usage
    assert usage is not None
    total = usage.prompt_tokens if part == "prompt_tokens_details" else usage.completion_tokens
    assert 0 < getattr(getattr(usage, part), field) <= total


def test_a_large_prompt_is_cached_in_the_steps_of_the_provider(client: openai.OpenAI, wish: Wish) -> None:
    """From 1024 tokens on, cached tokens come in steps of 128."""
    usage = client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": "word " * 2000}], extra_headers=wish("cached")
    ).usage
    assert usage is not None
    assert usage.prompt_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == 1408


def test_several_choices_are_all_paid_for(client: openai.OpenAI, wish: Wish) -> None:
    """`n` answers come, streamed or not, and usage counts all of them."""
    answer = whole(client, n=3)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert answer.usage is not None
    said = sum(tokens.count(choice.message.content or "") for choice in answer.choices)
    assert answer.usage.completion_tokens == said
    finished = [c.index for chunk in streamed(client, "plain", wish, n=3) for c in chunk.choices if c.finish_reason]
    assert sorted(finished) == [0, 1, 2]


@pytest.mark.parametrize(
    ("scenario", "finish"), [("length", "length"), ("content-filter", "content_filter"), ("refusal", "stop")]
)
def test_answers_that_stop_early_say_why(client: openai.OpenAI, wish: Wish, scenario: str, finish: str) -> None:
    """The finish reason is the provider's word for what happened, streamed or not."""
    assert whole(client, scenario, wish).choices[0].finish_reason == finish
    reasons = {choice.finish_reason for chunk in streamed(client, scenario, wish) for choice in chunk.choices}
    assert reasons == {None, finish}


def test_a_refusal_is_no_content(client: openai.OpenAI, wish: Wish) -> None:
    """A refusal stands in its own field."""
    message = whole(client, "refusal", wish).choices[0].message
    assert message.content is None
    assert message.refusal


def test_a_spoken_answer_has_sound_and_a_transcript(client: openai.OpenAI, wish: Wish) -> None:
    """Audio has data, transcript and expiry; streamed, it ends with the expiry."""
    spoken = whole(client, "audio", wish).choices[0].message.audio
    assert spoken is not None
    assert spoken.transcript.startswith("You asked")
    deltas = [getattr(c.delta, "audio", None) for chunk in streamed(client, "audio", wish) for c in chunk.choices]
    assert [delta for delta in deltas if delta][-1].expires_at is not None


def test_a_prediction_is_split_into_accepted_and_rejected(client: openai.OpenAI) -> None:
    """Predicted tokens are accepted where the answer has them, and rejected ones are output."""
    answer = whole(client, prediction={"type": "content", "content": "You asked about something else entirely."})
    assert answer.usage is not None
    details = answer.usage.completion_tokens_details
    assert details is not None
    assert details.accepted_prediction_tokens
    assert details.rejected_prediction_tokens


def test_usage_is_not_volunteered(client: openai.OpenAI, wish: Wish) -> None:
    """A stream reports usage only when asked to, and `no-usage` keeps silent even then."""
    with client.chat.completions.create(model="gpt-4o", messages=QUESTION, stream=True) as chunks:
        assert all(chunk.usage is None for chunk in chunks)
    assert all(chunk.usage is None for chunk in streamed(client, "no-usage", wish))
    assert whole(client, "no-usage", wish).usage is None


def test_a_compressed_stream_reads_the_same(client: openai.OpenAI, wish: Wish) -> None:
    """A gzip stream says what the plain one says."""
    assert text_of(streamed(client, "gzip", wish)) == text_of(streamed(client, "plain", wish))


def test_a_cut_stream_breaks_the_connection(client: openai.OpenAI, wish: Wish) -> None:
    """A cut stream gives its first events and then a connection error, as when a proxy dies."""
    chunks = client.chat.completions.create(model="gpt-4o", messages=QUESTION, stream=True, extra_headers=wish("cut:4"))
    seen: list[ChatCompletionChunk] = []
    with pytest.raises(openai.APIConnectionError):
        seen.extend(chunks)
    assert len(seen) == 4


def test_a_cut_body_breaks_the_connection(client: openai.OpenAI, wish: Wish) -> None:
    """A whole answer can be cut too."""
    with pytest.raises(openai.APIConnectionError):
        whole(client, "cut", wish)


def test_a_malformed_event_reaches_the_client(client: openai.OpenAI, wish: Wish) -> None:
    """An event that is not JSON is really sent."""
    with pytest.raises(json.JSONDecodeError):
        streamed(client, "malformed", wish)


def test_an_error_inside_a_stream_is_the_providers(client: openai.OpenAI, wish: Wish) -> None:
    """A stream can fail half-way with the provider's error body."""
    with pytest.raises(openai.APIError, match="server had an error"):
        streamed(client, "stream-error", wish)
