"""Answers in the words of OpenAI's chat completions, whole and streamed."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from spanglass.standin.answer import Answer, Event, disturbed, encoded
from spanglass.standin.reply import Reply

Json = dict[str, Any]  # JSON that is about to be written; nothing reads it again
_FINGERPRINT = "fp_5ta4d1n0"
_AUDIO_LIFETIME_S = 3600
_ERROR: Json = {
    "error": {
        "message": "The server had an error while processing your request. Sorry about that!",
        "type": "server_error",
        "param": None,
        "code": None,
    }
}


def whole(answer: Answer) -> dict[str, object]:
    """Return the body of an answer that is not streamed."""
    body: Json = {
        "id": answer.identifier("chatcmpl-", 29),
        "object": "chat.completion",
        "created": answer.created,
        "model": answer.model,
        "choices": [
            {
                "index": index,
                "message": _message(answer, reply),
                "logprobs": None,
                "finish_reason": reply.finish,
            }
            for index, reply in enumerate(answer.replies)
        ],
        "service_tier": answer.tier,
        "system_fingerprint": _FINGERPRINT,
    }
    if answer.reports_usage:
        body["usage"] = _usage(answer)
    return body


def stream(answer: Answer) -> list[Event]:
    """Return the events of a streamed answer."""
    chunk: Json = {
        "id": answer.identifier("chatcmpl-", 29),
        "object": "chat.completion.chunk",
        "created": answer.created,
        "model": answer.model,
        "service_tier": answer.tier,
        "system_fingerprint": _FINGERPRINT,
    }
    reports = answer.ask.include_usage and answer.reports_usage
    nothing: Json = {"usage": None} if answer.ask.include_usage else {}
    events = []
    # The choices of one answer are made at the same time, so their pieces alternate.
    for step in zip_longest(*(_deltas(answer, reply) for reply in answer.replies)):
        for index, made in enumerate(step):
            if made is not None:
                delta, finish, count = made
                choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
                events.append(_event(chunk | {"choices": [choice]} | nothing | answer.padding(), count))
    if reports:
        events.append(_event(chunk | {"choices": [], "usage": _usage(answer)} | answer.padding()))
    events.append(Event(b"data: [DONE]\n\n"))
    return disturbed(events, answer.scenarios, _event(_ERROR))


def _event(value: Json, tokens: int = 0) -> Event:
    return Event(b"data: " + encoded(value) + b"\n\n", tokens)


def _deltas(answer: Answer, reply: Reply) -> Iterator[tuple[Json, str | None, int]]:
    """Yield each delta of one choice with its finish reason and the tokens it took; thinking comes first."""
    first: Json = {"role": "assistant", "content": None if reply.tools and not reply.text else "", "refusal": None}
    yield first, None, 0
    thinking = reply.reasoning or 0
    for delta, count in _content_deltas(answer, reply):
        yield delta, None, count + thinking
        thinking = 0
    yield {}, reply.finish, thinking


def _content_deltas(answer: Answer, reply: Reply) -> Iterator[tuple[Json, int]]:
    if answer.speaks and not reply.refusal:
        yield from _spoken_deltas(answer, reply)
    else:
        key = "refusal" if reply.refusal else "content"
        for piece, count in answer.pieces(reply.text):
            yield {key: piece}, count
    for index, tool in enumerate(reply.tools):
        call = {"index": index, "id": answer.identifier("call_"), "type": "function"}
        yield {"tool_calls": [call | {"function": {"name": tool.name, "arguments": ""}}]}, 8
        for piece, count in answer.pieces(tool.arguments):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}, count


def _spoken_deltas(answer: Answer, reply: Reply) -> Iterator[tuple[Json, int]]:
    identifier = answer.hex_identifier("audio_")
    for piece, count in answer.pieces(reply.text):
        yield {"audio": {"id": identifier, "transcript": piece}}, count
        yield {"audio": {"id": identifier, "data": _sound(piece)}}, 0
    yield {"audio": {"id": identifier, "expires_at": answer.created + _AUDIO_LIFETIME_S}}, 0


def _message(answer: Answer, reply: Reply) -> Json:
    text = reply.text if reply.text or not reply.tools else None
    message: Json = {
        "role": "assistant",
        "content": None if reply.refusal or answer.speaks else text,
        "refusal": reply.text if reply.refusal else None,
        "annotations": [],
    }
    if answer.speaks and not reply.refusal:
        message["audio"] = {
            "id": answer.hex_identifier("audio_"),
            "data": _sound(reply.text),
            "expires_at": answer.created + _AUDIO_LIFETIME_S,
            "transcript": reply.text,
        }
    if reply.tools:
        message["tool_calls"] = [
            {
                "id": answer.identifier("call_"),
                "type": "function",
                "function": {"name": tool.name, "arguments": tool.arguments},
            }
            for tool in reply.tools
        ]
    return message


def _sound(text: str) -> str:
    """Return silence as long as the text, in the provider's encoding."""
    return base64.b64encode(bytes(16 * len(text))).decode()


def _usage(answer: Answer) -> Json:
    counts = answer.counts
    prompt: Json = {"cached_tokens": counts.cached, "audio_tokens": counts.audio_in}
    if counts.cache_write:
        prompt["cache_write_tokens"] = counts.cache_write
    if counts.image_in:
        prompt["image_tokens"] = counts.image_in
    return {
        "prompt_tokens": counts.prompt,
        "completion_tokens": counts.completion,
        "total_tokens": counts.total,
        "prompt_tokens_details": prompt,
        "completion_tokens_details": {
            "reasoning_tokens": counts.reasoning,
            "audio_tokens": counts.audio_out,
            "accepted_prediction_tokens": counts.accepted,
            "rejected_prediction_tokens": counts.rejected,
        },
    }
