"""Answers of a stand-in OpenAI, and what the server understands of spans that others made of calls to it."""

import json
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from records import T0
from scripted import Answer
from spanglass.semconv import attributes as attr
from spanglass.server.content import part
from spanglass.server.normalise.content import read_content
from spanglass.server.pipeline import prepare
from spanglass.server.receive.decode import Decoder
from spanglass.server.receive.limits import Limits
from spanglass.server.record import Signal, Span, StoredSpan

USAGE = {
    "prompt_tokens": 2000,
    "completion_tokens": 1000,
    "total_tokens": 3000,
    "prompt_tokens_details": {"cached_tokens": 500},
    "completion_tokens_details": {"reasoning_tokens": 100},
}
MODEL = "gpt-4o-mini-2024-07-18"


def completion(message: dict[str, Any], reason: str, response_id: str = "c-1") -> Answer:
    """Return a whole answer."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
    body = {"id": response_id, "object": "chat.completion", "created": 1, "model": MODEL, "choices": [choice]}
    return Answer([json.dumps({**body, "usage": USAGE}).encode()])


def streamed() -> Answer:
    """Return a streamed answer that reports its usage."""
    deltas: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Sun"}}]},
        {"choices": [{"index": 0, "delta": {"content": "ny"}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": USAGE},
    ]
    head = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
    events = [f"data: {json.dumps(head | delta)}\n\n".encode() for delta in deltas]
    return Answer([*events, b"data: [DONE]\n\n"], headers={"content-type": "text/event-stream"})


def understood(body: bytes) -> Sequence[StoredSpan]:
    """Return the spans of an export as the server keeps them."""
    return prepare(Decoder(Limits()).decode(Signal.TRACES, body, received_ns=T0)).spans


def told(stored: StoredSpan) -> dict[str, Any]:
    """Return what was understood of a span, short."""
    call, facts = stored.facts.call, stored.facts
    found: dict[str, Any] = {"name": stored.span.name, "work": facts.work.value}
    if attr.DUPLICATE_OF in stored.span.attributes:
        found["duplicate"] = True
    found |= {"agent": facts.agent_name} if facts.agent_name else {}
    found |= {"tool": facts.tool_name} if facts.tool_name else {}
    found |= {"tags": facts.tags} if facts.tags else {}
    if call is not None:
        usage = call.usage
        found |= {
            "call": (call.operation, call.provider, call.request_model, call.response_model, call.response_id),
            "tokens": None
            if usage is None
            else (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.cache_write_tokens),
            "reasons": call.finish_reasons,
            "stream": (call.stream, call.first_chunk_ns is not None),
            "cost": None if stored.cost is None else f"{stored.cost.state.value} {stored.cost.amount}",
        }
    content = read_content(stored.span)
    found |= {name: said for name, said in content._asdict().items() if said}
    left = without_content(stored.span)
    assert not any(read_content(left)), f"content would stay: {left.attributes}, {left.events}"
    return found


def without_content(span: Span) -> Span:
    """Return a span as it is when its content has gone."""
    left = part(span.attributes, span.events)
    return replace(span, attributes=left.attributes, events=tuple(left.events))
