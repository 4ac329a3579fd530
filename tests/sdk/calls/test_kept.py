"""What the provider counted stands on a span that somebody else wrote other figures on."""

import json

import httpx
from opentelemetry.sdk.trace import Span

from scripted import Answer, scripted
from spanglass.sdk.calls.kept import Kept
from spanglass.semconv import attributes as attr
from telemetry import recording

ANSWER = json.dumps(
    {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": [{"type": "text", "text": "Hello"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 245, "output_tokens": 189, "cache_read_input_tokens": 200},
    }
).encode()


def test_usage_written_over_is_put_back() -> None:
    """Input is the total with cached tokens, though the application wrote the provider's own count after the call."""
    body = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    with (
        scripted(Answer([ANSWER])) as server,
        recording(hosts={"127.0.0.1": "anthropic"}) as telemetry,
        telemetry.tracers.get_tracer("app").start_as_current_span("gen_ai.call") as span,
    ):
        span.set_attribute("gen_ai.request.model", "claude-haiku-4-5")
        httpx.post(f"{server.url}/v1/messages", json=body).raise_for_status()
        span.set_attributes({attr.INPUT_TOKENS: 245, attr.OUTPUT_TOKENS: 189, "quality.length": 5})
    found = telemetry.attributes()
    assert (found[attr.INPUT_TOKENS], found[attr.CACHE_READ_TOKENS], found[attr.OUTPUT_TOKENS]) == (445, 200, 189)
    assert found[attr.COST_EXACT] == "0.00121"
    assert found["quality.length"] == 5


def test_nothing_is_kept_of_spans_that_ended() -> None:
    """What a span was told is forgotten with its end, and asking twice changes nothing."""
    kept = Kept()
    with recording() as telemetry, telemetry.tracers.get_tracer("app").start_as_current_span("work") as span:
        assert isinstance(span, Span)
        kept.keep(span, {attr.INPUT_TOKENS: 3, attr.FINISH_REASONS: ("stop",)})
        assert kept.written_over(span) == {attr.INPUT_TOKENS: 3}
        assert not kept
        assert kept.written_over(span) == {}
