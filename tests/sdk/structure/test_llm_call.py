import asyncio
import gc
import json
from collections.abc import Iterator

import httpx
import pytest
from inline_snapshot import snapshot
from opentelemetry import trace

import spanglass
from scripted import Answer, scripted
from spanglass.sdk.content import ContentMode
from spanglass.testing import Captured, capture

ANSWER = {
    "id": "c-1",
    "model": "gpt-4o-mini",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "ok"}}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
}
REFUSAL = {"error": {"message": "slow down", "type": "rate_limit", "code": "rate_limit_exceeded"}}


def ask(url: str, path: str = "/v1/chat/completions") -> None:
    """Ask over HTTP, as an SDK inside would."""
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "x"}], "input": "x"}
    httpx.post(url + path, json=body)


def counts(seen: Captured) -> dict[str, float]:
    """Return how many points each metric of calls has."""
    return {
        name: sum(point.get("count", point.get("value", 0)) for point in points)
        for name, points in seen.metrics().items()
        if "client" in name
    }


def test_a_call_in_the_process_is_a_call() -> None:
    """A model in the process gives the span, metrics and cost that one over HTTP gives."""
    with (
        capture(content=ContentMode.SPAN_ONLY) as seen,
        spanglass.context(feature="search"),
        spanglass.llm_call(provider="openai", model="gpt-4o-mini", messages="Hello there") as call,
    ):
        for piece in ("", "Hi", " you"):
            call.chunk(piece)
        call.finish("stop")
        call.usage(input_tokens=1000, output_tokens=10, cache_read_tokens=200)
        call.response(model="gpt-4o-mini-2024-07-18", response_id="r-1")
    assert seen.spans() == snapshot(
        [
            {
                "name": "chat gpt-4o-mini",
                "trace": 1,
                "id": 1,
                "parent": None,
                "kind": "CLIENT",
                "scope": "spanglass",
                "start": 1.0,
                "end": 5.0,
                "attributes": {
                    "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Hello there"}]}]',
                    "gen_ai.operation.name": "chat",
                    "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Hi you"}]}]',
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4o-mini",
                    "gen_ai.request.stream": True,
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.response.id": "r-1",
                    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
                    "gen_ai.response.time_to_first_chunk": 1.0,
                    "gen_ai.usage.cache_read.input_tokens": 200,
                    "gen_ai.usage.cost.amount": 0.000141,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "gen_ai.usage.input_tokens": 1000,
                    "gen_ai.usage.output_tokens": 10,
                    "spanglass.cost.amount": "0.000141",
                    "spanglass.cost.price_id": "openai/gpt-4o-mini",
                    "spanglass.cost.state": "computed",
                    "spanglass.cost.table": "genai-prices 0.2.3 (2026-11-21)",
                    "spanglass.feature": "search",
                    "spanglass.response.chunk_gap.max": 1.0,
                    "spanglass.response.chunk_gap.mean": 1.0,
                    "spanglass.response.chunks": 3,
                    "spanglass.response.time_to_first_token": 2.0,
                },
            }
        ]
    )
    ours = {name: points for name, points in seen.metrics().items() if ".client." in name}
    assert {name: [point["labels"] for point in points] for name, points in ours.items()} == snapshot(
        {
            "gen_ai.client.inference.usage.cache_read.input_tokens": [
                {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4o-mini",
                    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
                    "spanglass.feature": "search",
                }
            ],
            "gen_ai.client.operation.cost": [
                {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4o-mini",
                    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
                    "spanglass.cost.state": "computed",
                    "spanglass.feature": "search",
                }
            ],
            "gen_ai.client.operation.duration": [
                {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4o-mini",
                    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
                    "spanglass.feature": "search",
                }
            ],
            "gen_ai.client.operation.time_to_first_chunk": [
                {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4o-mini",
                    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
                    "spanglass.feature": "search",
                }
            ],
            "gen_ai.client.token.usage": [
                {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4o-mini",
                    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
                    "gen_ai.token.type": "input",
                    "spanglass.feature": "search",
                },
                {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4o-mini",
                    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
                    "gen_ai.token.type": "output",
                    "spanglass.feature": "search",
                },
            ],
            "spanglass.client.finish_reasons": [
                {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4o-mini",
                    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
                    "spanglass.feature": "search",
                    "spanglass.finish_reason": "stop",
                }
            ],
            "spanglass.client.time_to_first_token": [
                {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4o-mini",
                    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
                    "spanglass.feature": "search",
                }
            ],
        }
    )


def test_an_unknown_model_is_unpriced_and_a_reported_cost_is_taken() -> None:
    """Never 0, never a guess; what the provider says wins."""
    with capture() as seen:
        with spanglass.llm_call(provider="llama_cpp", model="my-llama") as call:
            call.usage(input_tokens=10, output_tokens=10)
        with spanglass.llm_call(provider="llama_cpp", model="my-llama") as call:
            call.cost("0.00125")
        with spanglass.llm_call(provider="llama_cpp", model="my-llama") as call:
            call.cost("a lot")
    states = [
        (span["attributes"]["spanglass.cost.state"], span["attributes"].get("spanglass.cost.amount"))
        for span in seen.spans()
    ]
    assert states == [("unpriced", None), ("reported", "0.00125"), ("unpriced", None)]


def test_tokens_that_are_not_told_are_estimated() -> None:
    """From lengths, flagged, and the cost's state says so."""
    messages = [{"role": "system", "content": "x" * 40}, {"role": "user", "content": "y" * 40}]
    with capture() as seen, spanglass.llm_call(provider="openai", model="gpt-4o-mini", messages=messages) as call:
        call.output("z" * 40)
    attributes = seen.spans()[0]["attributes"]
    assert (attributes["gen_ai.usage.input_tokens"], attributes["gen_ai.usage.output_tokens"]) == (20, 10)
    assert (attributes["spanglass.usage.estimated"], attributes["spanglass.cost.state"]) == (True, "estimated")
    assert "gen_ai.input.messages" not in attributes


def test_a_failure_costs_nothing_and_passes() -> None:
    """The exception passes unchanged; without an answer there is nothing to pay for."""
    with capture() as seen:
        with (
            pytest.raises(MemoryError, match="full"),
            spanglass.llm_call(provider="openai", model="gpt-4o-mini", messages="Hi"),
        ):
            raise MemoryError("full")
        with spanglass.llm_call(provider="openai", model="gpt-4o-mini") as call:
            call.failed(ValueError("empty"))
    raised, told = seen.spans()
    assert (raised["status"], raised["attributes"]["error.type"]) == ("ERROR", "MemoryError")
    assert (told["status"], told["attributes"]["error.type"]) == ("ERROR", "ValueError")
    assert "gen_ai.client.operation.cost" not in seen.metrics()
    assert counts(seen) == {"gen_ai.client.operation.duration": 2}


def test_a_cancelled_call_is_incomplete_and_no_failure() -> None:
    """What came before the cancellation is estimated and priced."""

    async def talk() -> None:
        async with spanglass.llm_call(provider="openai", model="gpt-4o-mini", messages="Hello", stream=True) as call:
            call.chunk("Hi, I was about to")
            await asyncio.Event().wait()

    async def main() -> None:
        task = asyncio.create_task(talk())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with capture() as seen:
        asyncio.run(main())
    [span] = seen.spans()
    assert "status" not in span
    assert span["attributes"]["spanglass.response.end"] == "cancelled"
    assert span["attributes"]["spanglass.cost.state"] == "estimated"


def test_an_http_call_inside_is_the_same_call() -> None:
    """One span, counted once, with what the hook read."""
    with (
        scripted(Answer([json.dumps(ANSWER).encode()])) as server,
        capture() as seen,
        spanglass.llm_call(provider="openai", model="gpt-4o-mini") as call,
    ):
        ask(server.url)
        call.usage(input_tokens=900, output_tokens=900)
    [span] = seen.spans()
    assert span["attributes"]["gen_ai.usage.input_tokens"] == 5
    assert span["attributes"]["http.response.status_code"] == 200
    assert counts(seen)["gen_ai.client.operation.duration"] == 1
    assert counts(seen)["gen_ai.client.operation.cost"] == 1
    assert counts(seen)["gen_ai.client.token.usage"] == 2


def test_attempts_inside_are_counted_as_attempts() -> None:
    """A retry inside is one span with the answer in the end, and each attempt is counted once."""
    refused = Answer([json.dumps(REFUSAL).encode()], status=429)
    with (
        scripted(refused, Answer([json.dumps(ANSWER).encode()])) as server,
        capture() as seen,
        spanglass.llm_call(provider="openai", model="gpt-4o-mini"),
    ):
        ask(server.url)
        ask(server.url)
    [span] = seen.spans()
    assert "status" not in span
    assert counts(seen)["gen_ai.client.operation.duration"] == 2
    assert counts(seen)["gen_ai.client.operation.cost"] == 1


def test_an_http_call_for_something_else_is_another_call() -> None:
    """Embeddings made inside a chat are a call of their own."""
    vectors = {"object": "list", "data": [], "model": "text-embedding-3-small", "usage": {"prompt_tokens": 3}}
    with (
        scripted(Answer([json.dumps(vectors).encode()])) as server,
        capture() as seen,
        spanglass.llm_call(provider="openai", model="gpt-4o-mini") as call,
    ):
        ask(server.url, "/v1/embeddings")
        call.usage(input_tokens=1, output_tokens=1)
    assert [(span["name"], span["parent"]) for span in seen.spans()] == [
        ("chat gpt-4o-mini", None),
        ("embeddings gpt-4o-mini", 1),
    ]
    assert counts(seen)["gen_ai.client.operation.duration"] == 2


def test_unsampled_calls_are_counted_once() -> None:
    """Under a span that is not sampled, the call in the process or over HTTP is counted once and recorded nowhere."""
    parent = trace.NonRecordingSpan(trace.SpanContext(5, 6, is_remote=False, trace_flags=trace.TraceFlags(0)))
    with scripted(Answer([json.dumps(ANSWER).encode()])) as server, capture() as seen, trace.use_span(parent):
        with spanglass.llm_call(provider="openai", model="gpt-4o-mini") as call:
            ask(server.url)
        with spanglass.llm_call(provider="openai", model="gpt-4o-mini") as call:
            call.usage(input_tokens=1, output_tokens=1)
    assert seen.spans() == []
    assert counts(seen)["gen_ai.client.operation.duration"] == 2


def test_a_span_that_somebody_opened_for_the_call_is_enriched() -> None:
    """A hand-written span that names the model takes the call, as it takes one over HTTP."""
    with capture() as seen, trace.get_tracer("shop").start_as_current_span("generate") as span:
        span.set_attribute("llm.model", "gpt-4o-mini")
        with spanglass.llm_call(provider="openai", model="gpt-4o-mini") as call:
            call.usage(input_tokens=1, output_tokens=1)
    [only] = seen.spans()
    assert (only["name"], only["attributes"]["gen_ai.usage.input_tokens"]) == ("generate", 1)


def test_a_generator_may_tell_of_a_call_that_is_not_current() -> None:
    """With `current=False` its reader finds its own context, and a reader that goes away cancels the call."""

    def talk() -> Iterator[str]:
        with spanglass.llm_call(provider="openai", model="gpt-4o-mini", messages="Hi", current=False) as call:
            for piece in ("one", "two", "three"):
                call.chunk(piece)
                yield piece

    with capture() as seen:
        pieces: Iterator[str] | None = talk()
        assert pieces is not None
        assert next(pieces) == "one"
        assert trace.get_current_span() is trace.INVALID_SPAN
        pieces = None
        gc.collect()
    [span] = seen.spans()
    assert span["attributes"]["spanglass.response.end"] == "cancelled"


def test_messages_are_written_whatever_they_are() -> None:
    """Messages with objects that are no JSON, or no messages at all, do no harm."""
    strange: list[dict[str, object]] = [{"role": "user", "content": object()}, {"role": 7, "content": [b"x"]}, {}]
    with capture(content=ContentMode.SPAN_ONLY) as seen:
        for messages in (strange, 5, [3, None], "\ud800"):
            with spanglass.llm_call(provider="openai", model="m", messages=messages):  # type: ignore[arg-type] # that is the test
                pass
    assert len(seen.spans()) == 4
