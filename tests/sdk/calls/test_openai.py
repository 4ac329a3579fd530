"""What the real openai client's calls become: whole traces and metrics, as snapshots."""

import asyncio
import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest
from dirty_equals import IsStr
from inline_snapshot import snapshot

import spanglass
from scripted import Act, Answer, ScriptedServer, scripted
from spanglass.sdk.content import ContentMode
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics
from spanglass.testing import Captured, capture
from telemetry import Telemetry, recording

QUESTION: Any = [{"role": "user", "content": "Where is the night train?"}]
CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-mini-2024-07-18",
    "service_tier": "default",
    "system_fingerprint": "fp_1",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "On platform 3."}, "finish_reason": "stop"},
    ],
    "usage": {
        "prompt_tokens": 2000,
        "completion_tokens": 50,
        "total_tokens": 2050,
        "prompt_tokens_details": {"cached_tokens": 1024},
        "completion_tokens_details": {"reasoning_tokens": 10},
    },
}
ANSWER = Answer([json.dumps(CHAT).encode()])
TOOLS: Any = [{"type": "function", "function": {"name": "platform", "parameters": {"type": "object"}}}]


class Canned(httpx2.BaseTransport):
    """A transport that gives the next answer of a list, so that no clock depends on a network."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Give the next answer."""
        assert request.method == "POST"
        answer = self.answers.pop(0)
        pieces = [piece for piece in answer.pieces if isinstance(piece, bytes)]
        return httpx2.Response(answer.status, headers=dict(answer.headers), stream=Pieces(pieces))


class Pieces(httpx2.SyncByteStream):
    """Gives each piece by itself."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self.pieces


def canned(*answers: Answer) -> openai.OpenAI:
    """Return the real client, its answers given."""
    return openai.OpenAI(api_key="made-up", http_client=httpx2.Client(transport=Canned(*answers)))


def client(server: ScriptedServer) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key="made-up")


def points(seen: Captured) -> dict[str, list[tuple[Any, ...]]]:
    """Return metric -> what its points hold, without the labels they all share."""
    shared = {attr.OPERATION, attr.PROVIDER, attr.REQUEST_MODEL, attr.RESPONSE_MODEL}
    return {
        name: [
            (*(v for k, v in p["labels"].items() if k not in shared), p["value"] if "value" in p else p["sum"])
            for p in found
        ]
        for name, found in seen.metrics().items()
    }


def test_whole_answer() -> None:
    """A plain call is one span with what was asked, answered, used and paid, and one point of each metric."""
    with (
        capture() as seen,
        canned(ANSWER) as made,
        spanglass.context(user_id="u-1", session_id="s-1", feature="support"),
    ):
        made.chat.completions.create(model="gpt-4o-mini", messages=QUESTION, temperature=0.2, max_tokens=100, n=1)
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
                "end": 3.0,
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.max_tokens": 100,
                    "gen_ai.request.model": "gpt-4o-mini",
                    "gen_ai.request.temperature": 0.2,
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.response.id": "chatcmpl-1",
                    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
                    "gen_ai.usage.cache_read.input_tokens": 1024,
                    "gen_ai.usage.cost.amount": 0.0002532,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "gen_ai.usage.input_tokens": 2000,
                    "gen_ai.usage.output_tokens": 50,
                    "gen_ai.usage.reasoning.output_tokens": 10,
                    "http.response.status_code": 200,
                    "openai.api.type": "chat_completions",
                    "openai.response.service_tier": "default",
                    "openai.response.system_fingerprint": "fp_1",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "session.id": "s-1",
                    "spanglass.cost.amount": "0.0002532",
                    "spanglass.cost.price_id": "openai/gpt-4o-mini",
                    "spanglass.cost.state": "computed",
                    "spanglass.cost.table": IsStr(regex="genai-prices .+"),
                    "spanglass.feature": "support",
                    "user.id": "u-1",
                },
            }
        ]
    )
    assert points(seen) == snapshot(
        {
            "gen_ai.client.inference.usage.cache_read.input_tokens": [("support", 1024)],
            "gen_ai.client.inference.usage.reasoning.output_tokens": [("support", 10)],
            "gen_ai.client.operation.cost": [("computed", "support", 0.0002532)],
            "gen_ai.client.operation.duration": [("support", 2.0)],
            "gen_ai.client.token.usage": [("input", "support", 2000), ("output", "support", 50)],
            "spanglass.client.finish_reasons": [("support", "stop", 1)],
        }
    )


def test_streamed_answer() -> None:
    """A stream has its times, and its usage where the provider was asked for it."""
    head = {"id": "chatcmpl-2", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini-2024-07-18"}
    events: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]},
        {"choices": [{"index": 0, "delta": {"content": "On platform "}}]},
        {"choices": [{"index": 0, "delta": {"content": "3."}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": CHAT["usage"]},
    ]
    pieces = [b"data: " + json.dumps({**head, **event}).encode() + b"\n\n" for event in events]
    answer = Answer([*pieces, b"data: [DONE]\n\n"], headers={"content-type": "text/event-stream"})
    with capture() as seen, canned(answer) as made:
        stream = made.chat.completions.create(
            model="gpt-4o-mini", messages=QUESTION, stream=True, stream_options={"include_usage": True}
        )
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices) == "On platform 3."
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
                "end": 8.0,
                "attributes": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4o-mini",
                    "gen_ai.request.stream": True,
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.response.id": "chatcmpl-2",
                    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
                    "gen_ai.response.time_to_first_chunk": 1.0,
                    "gen_ai.usage.cache_read.input_tokens": 1024,
                    "gen_ai.usage.cost.amount": 0.0002532,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "gen_ai.usage.input_tokens": 2000,
                    "gen_ai.usage.output_tokens": 50,
                    "gen_ai.usage.reasoning.output_tokens": 10,
                    "http.response.status_code": 200,
                    "openai.api.type": "chat_completions",
                    "server.address": "api.openai.com",
                    "server.port": 443,
                    "spanglass.cost.amount": "0.0002532",
                    "spanglass.cost.price_id": "openai/gpt-4o-mini",
                    "spanglass.cost.state": "computed",
                    "spanglass.cost.table": IsStr(regex="genai-prices .+"),
                    "spanglass.response.chunk_gap.max": 1.0,
                    "spanglass.response.chunk_gap.mean": 1.0,
                    "spanglass.response.chunks": 5,
                    "spanglass.response.time_to_first_token": 2.0,
                },
            }
        ]
    )
    assert points(seen) == snapshot(
        {
            "gen_ai.client.inference.usage.cache_read.input_tokens": [(1024,)],
            "gen_ai.client.inference.usage.reasoning.output_tokens": [(10,)],
            "gen_ai.client.operation.cost": [("computed", 0.0002532)],
            "gen_ai.client.operation.duration": [(7.0,)],
            "gen_ai.client.operation.time_to_first_chunk": [(1.0,)],
            "gen_ai.client.token.usage": [("input", 2000), ("output", 50)],
            "spanglass.client.finish_reasons": [("stop", 1)],
            "spanglass.client.time_to_first_token": [(2.0,)],
        }
    )


def test_retries_are_attempts_of_their_own() -> None:
    """Each attempt is a span, retries below the first; calls are attempts less retries, failed calls likewise."""
    limited = Answer(
        [b'{"error":{"message":"Slow down.","type":"requests","code":"rate_limit_exceeded"}}'],
        429,
        {"retry-after-ms": "1", "content-type": "application/json"},
    )
    down = Answer([b"upstream connect error"], 503, {"content-type": "text/plain", "retry-after-ms": "1"})
    with capture() as seen, canned(limited, down, ANSWER) as made:
        made.chat.completions.create(model="gpt-4o-mini", messages=QUESTION)
    kept = {attr.RESEND_COUNT, attr.HTTP_STATUS_CODE, attr.ERROR_TYPE, attr.ERROR_MESSAGE, attr.RETRY_AFTER}
    told = [
        ({k: v for k, v in span["attributes"].items() if k in kept}, span.get("status"), span["parent"])
        for span in seen.spans()
    ]
    assert told == snapshot(
        [
            (
                {
                    "error.type": "rate_limit_exceeded",
                    "http.response.status_code": 429,
                    "spanglass.error.message": "Slow down.",
                    "spanglass.response.retry_after": 0.001,
                },
                "ERROR",
                None,
            ),
            (
                {
                    "error.type": "503",
                    "http.request.resend_count": 1,
                    "http.response.status_code": 503,
                    "spanglass.response.retry_after": 0.001,
                },
                "ERROR",
                1,
            ),
            ({"http.request.resend_count": 2, "http.response.status_code": 200}, None, 1),
        ]
    )
    found = points(seen)
    assert sum(point[-1] for point in found[metrics.RETRIES.name]) == 2
    assert found[metrics.RATE_LIMITS.name] == [(1,)]
    assert [point["count"] for point in seen.metrics()[metrics.OPERATION_DURATION.name]] == [1, 1, 1]
    assert metrics.UNPRICED.name not in found


def test_raw_and_streaming_responses(server: ScriptedServer) -> None:
    """`with_raw_response` and `with_streaming_response` give what they give, and are seen."""
    server.script.extend([ANSWER, ANSWER])
    with recording() as telemetry, client(server) as made:
        raw = made.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=QUESTION)
        assert raw.http_response.json() == CHAT
        assert raw.parse().id == "chatcmpl-1"
        with made.chat.completions.with_streaming_response.create(model="gpt-4o-mini", messages=QUESTION) as streaming:
            assert json.loads(b"".join(streaming.iter_bytes())) == CHAT
            assert streaming.http_response.elapsed.total_seconds() > 0
    assert [(s.attributes or {})[attr.INPUT_TOKENS] for s in telemetry.spans()] == [2000, 2000]


def test_compressed_answer(server: ScriptedServer) -> None:
    """A gzipped body is read for usage and reaches the client as it came."""
    body = gzip.compress(json.dumps(CHAT).encode())
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    server.script.append(Answer([body[:30], body[30:]], headers=headers))
    with recording() as telemetry, client(server) as made:
        assert made.chat.completions.create(model="gpt-4o-mini", messages=QUESTION).id == "chatcmpl-1"
    assert telemetry.attributes()[attr.OUTPUT_TOKENS] == 50


def test_tool_calls_responses_and_embeddings(server: ScriptedServer) -> None:
    """Every interface has its operation, its usage and its price."""
    called = {"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": None}}
    call = {"id": "call_1", "type": "function", "function": {"name": "platform", "arguments": "{}"}}
    called["message"] = {"role": "assistant", "content": None, "tool_calls": [call]}
    response = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "gpt-4o-mini-2024-07-18",
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {"input_tokens": 9, "output_tokens": 1, "total_tokens": 10},
    }
    embeddings = {
        "object": "list",
        "model": "text-embedding-3-small",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
        "usage": {"prompt_tokens": 8, "total_tokens": 8},
    }
    for body in ({**CHAT, "choices": [called]}, response, embeddings):
        server.script.append(Answer([json.dumps(body).encode()]))
    with recording() as telemetry, client(server) as made:
        made.chat.completions.create(model="gpt-4o-mini", messages=QUESTION, tools=TOOLS)
        made.responses.create(model="gpt-4o-mini", input="Where is it?")
        made.embeddings.create(model="text-embedding-3-small", input="Where?", encoding_format="float")
    told = [
        (s.name, (s.attributes or {}).get(attr.FINISH_REASONS), (s.attributes or {})[attr.COST_EXACT])
        for s in telemetry.spans()
    ]
    assert told == snapshot(
        [
            ("chat gpt-4o-mini", ("tool_calls",), "0.0002532"),
            ("chat gpt-4o-mini", ("stop",), "0.00000195"),
            ("embeddings text-embedding-3-small", None, "0.00000016"),
        ]
    )


def test_unknown_model_is_unpriced(server: ScriptedServer) -> None:
    """A model that the price table does not know has a state and no amount; it is counted as such."""
    server.script.append(Answer([json.dumps({**CHAT, "model": "my-own-model"}).encode()]))
    with recording() as telemetry, client(server) as made:
        made.chat.completions.create(model="my-own-model", messages=QUESTION)
    assert telemetry.attributes()[attr.COST_STATE] == "unpriced"
    assert attr.COST_AMOUNT not in telemetry.attributes()
    assert sum(telemetry.metrics()[metrics.UNPRICED.name].values()) == 1
    assert metrics.OPERATION_COST.name not in telemetry.metrics()


def test_timeout_and_refused_connection(server: ScriptedServer) -> None:
    """Failures without an answer are errors by the exception's class, without a cost."""
    server.hold = True
    with recording() as telemetry, client(server) as made:
        impatient = made.with_options(timeout=0.05, max_retries=0)
        with pytest.raises(openai.APITimeoutError):
            impatient.chat.completions.create(model="gpt-4o-mini", messages=QUESTION)
        nobody = made.with_options(base_url="http://127.0.0.1:9/v1", max_retries=0)
        with pytest.raises(openai.APIConnectionError):
            nobody.chat.completions.create(model="gpt-4o-mini", messages=QUESTION)
    told = [(s.attributes or {}) for s in telemetry.spans()]
    assert [found[attr.ERROR_TYPE] for found in told] == ["ReadTimeout", "ConnectError"]
    assert not any(attr.COST_STATE in found or attr.HTTP_STATUS_CODE in found for found in told)


def test_calls_at_once_do_not_mix(server: ScriptedServer) -> None:
    """Concurrent calls of one client each have their own span, context and usage."""
    server.repeat = ANSWER

    async def ask(made: openai.AsyncOpenAI, number: int) -> None:
        with spanglass.context(user_id=f"u-{number}"):
            await made.chat.completions.create(model="gpt-4o-mini", messages=QUESTION)

    async def ask_all() -> None:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="made-up") as made:
            await asyncio.gather(*(ask(made, number) for number in range(20)))

    with recording() as telemetry:
        asyncio.run(ask_all())
    assert {(s.attributes or {})[attr.USER_ID] for s in telemetry.spans()} == {f"u-{n}" for n in range(20)}
    assert {(s.attributes or {})[attr.INPUT_TOKENS] for s in telemetry.spans()} == {2000}


CONTENT = {attr.INPUT_MESSAGES, attr.OUTPUT_MESSAGES, attr.SYSTEM_INSTRUCTIONS, attr.TOOL_DEFINITIONS}


def ask(mode: ContentMode, server: ScriptedServer) -> Telemetry:
    """Make a call in a content mode, once answered and once cut."""
    server.script.extend([ANSWER, Answer([b'{"id"', Act.CUT])])
    with recording(content=mode) as telemetry, client(server) as made:
        once = made.with_options(max_retries=0)
        once.chat.completions.create(model="gpt-4o-mini", messages=QUESTION, tools=TOOLS)
        with pytest.raises(openai.APIConnectionError):
            once.chat.completions.create(model="gpt-4o-mini", messages=QUESTION)
    return telemetry


@pytest.mark.parametrize("mode", list(ContentMode))
def test_content_goes_only_where_it_was_asked_for(mode: ContentMode, server: ScriptedServer) -> None:
    """Messages are on spans, on events, on both or, by default, nowhere."""
    telemetry = ask(mode, server)
    on_spans = CONTENT & set(telemetry.spans()[0].attributes or {})
    events = telemetry.events()
    assert bool(on_spans) == mode.on_spans
    assert len(events) == (2 if mode.on_events else 0)
    if not mode.any:
        everything = repr([s.attributes for s in telemetry.spans()]) + repr(telemetry.metrics())
        assert "night train" not in everything
        assert "platform" not in everything


def test_event_holds_the_call_with_structured_messages(server: ScriptedServer) -> None:
    """The event is named and shaped as the conventions say, and belongs to the call's span."""
    telemetry = ask(ContentMode.EVENT_ONLY, server)
    record = telemetry.events()[0].log_record
    span = telemetry.spans()[0]
    assert record.event_name == "gen_ai.client.inference.operation.details"
    assert span.context is not None
    assert record.span_id == span.context.span_id
    found = dict(record.attributes or {})
    assert {name: found[name] for name in CONTENT if name in found} == snapshot(
        {
            "gen_ai.tool.definitions": ({"type": "function", "name": "platform", "parameters": {"type": "object"}},),
            "gen_ai.input.messages": (
                {"role": "user", "parts": ({"type": "text", "content": "Where is the night train?"},)},
            ),
            "gen_ai.output.messages": (
                {
                    "role": "assistant",
                    "parts": ({"type": "text", "content": "On platform 3."},),
                    "finish_reason": "stop",
                },
            ),
        }
    )
    assert found[attr.COST_STATE] == "computed"


def test_a_refusal_that_nobody_reads_is_no_cut_answer() -> None:
    """A client that tries a stream again closes the refusal unread: failed, free of charge, and not incomplete."""
    events = (
        b'data: {"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\ndata: [DONE]\n\n'
    )
    refusal = Answer([b'{"error":{"code":"rate_limit_exceeded"}}'], 429, {"retry-after-ms": "1"})
    answer = Answer([events], 200, {"content-type": "text/event-stream"})
    with (
        recording() as telemetry,
        scripted(refusal, answer) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="x", max_retries=1) as client,
    ):
        list(client.chat.completions.create(model="gpt-4o-mini", messages=QUESTION, stream=True))

    first, second = (dict(span.attributes or {}) for span in telemetry.spans())
    assert first[attr.ERROR_TYPE] == "429"
    assert attr.STREAM_INCOMPLETE not in first
    assert attr.COST_STATE not in first
    assert second[attr.RESEND_COUNT] == 1
    assert second[attr.COST_STATE] == "estimated"
