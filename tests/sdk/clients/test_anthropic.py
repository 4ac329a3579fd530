"""Calls made through the real anthropic client, its own tracing off: each is one span with what was used and paid."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anthropic
import pytest

from cassettes import names, recorded
from scripted import Act, Answer, ScriptedServer, scripted
from spanglass.sdk.content import ContentMode
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics
from telemetry import Telemetry, recording

HOSTS = {"127.0.0.1": "anthropic"}
QUESTION: Any = {
    "model": "claude-haiku-4-5",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Where is the night train?"}],
}
USAGE = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 300,
    "cache_read_input_tokens": 2000,
    "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
    "output_tokens": 50,
    "service_tier": "standard",
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5-20251001",
    "content": [{"type": "text", "text": "On platform 3."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": USAGE,
}
# 10 at 1 $, 100 at 1.25 $, 200 at 2 $, 2000 at 0.1 $ and 50 at 5 $, each for a million.
COST = "0.000985"
WHOLE = Answer([json.dumps(MESSAGE).encode()])
EVENTS: list[dict[str, Any]] = [
    {
        "type": "message_start",
        "message": {**MESSAGE, "content": [], "stop_reason": None, "usage": USAGE | {"output_tokens": 1}},
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "On platform "}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "3."}},
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 50},
    },
    {"type": "message_stop"},
]
EVENT_STREAM = {"content-type": "text/event-stream; charset=utf-8"}
PIECES = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in EVENTS]
STREAM = Answer(PIECES, headers=EVENT_STREAM)
OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_1"}


def client(server: ScriptedServer, retries: int = 0) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=server.url, api_key="made-up", max_retries=retries, open_telemetry=False)


def async_client(server: ScriptedServer) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(base_url=server.url, api_key="made-up", max_retries=0, open_telemetry=False)


def total(telemetry: Telemetry, metric: metrics.Metric) -> float:
    return sum(telemetry.metrics().get(metric.name, {}).values())


def create(made: anthropic.Anthropic) -> str:
    return "".join(block.text for block in made.messages.create(**QUESTION).content if block.type == "text")


def create_raw(made: anthropic.Anthropic) -> str:
    message = made.messages.with_raw_response.create(**QUESTION).parse()
    return "".join(block.text for block in message.content if block.type == "text")


def create_streaming_response(made: anthropic.Anthropic) -> str:
    with made.messages.with_streaming_response.create(**QUESTION) as response:
        text: str = json.loads(b"".join(response.iter_bytes()))["content"][0]["text"]
        return text


def beta(made: anthropic.Anthropic) -> str:
    return "".join(block.text for block in made.beta.messages.create(**QUESTION).content if block.type == "text")


WHOLE_CALLS: list[Callable[[anthropic.Anthropic], str]] = [create, create_raw, create_streaming_response, beta]


def stream(made: anthropic.Anthropic) -> str:
    events = list(made.messages.create(**QUESTION, stream=True))
    return "".join(
        event.delta.text for event in events if event.type == "content_block_delta" and event.delta.type == "text_delta"
    )


def stream_manager(made: anthropic.Anthropic) -> str:
    with made.messages.stream(**QUESTION) as events:
        return "".join(events.text_stream)


def stream_final_message(made: anthropic.Anthropic) -> str:
    with made.messages.stream(**QUESTION) as events:
        return "".join(block.text for block in events.get_final_message().content if block.type == "text")


def stream_raw(made: anthropic.Anthropic) -> str:
    events = list(made.messages.with_raw_response.create(**QUESTION, stream=True).parse())
    return "".join(
        event.delta.text for event in events if event.type == "content_block_delta" and event.delta.type == "text_delta"
    )


STREAMED_CALLS: list[Callable[[anthropic.Anthropic], str]] = [stream, stream_manager, stream_final_message, stream_raw]


def holds_call(telemetry: Telemetry, *, streamed: bool) -> None:
    """Check the one span and the metrics of a call that was read to its end."""
    assert telemetry.span().name == "chat claude-haiku-4-5"
    found = telemetry.attributes()
    expected = {
        attr.PROVIDER: "anthropic",
        attr.REQUEST_MODEL: "claude-haiku-4-5",
        attr.REQUEST_MAX_TOKENS: 100,
        attr.RESPONSE_ID: "msg_1",
        attr.RESPONSE_MODEL: "claude-haiku-4-5-20251001",
        attr.FINISH_REASONS: ("end_turn",),
        attr.RESPONSE_SERVICE_TIER: "standard",
        attr.INPUT_TOKENS: 2310,
        attr.OUTPUT_TOKENS: 50,
        attr.CACHE_READ_TOKENS: 2000,
        attr.CACHE_WRITE_TOKENS: 300,
        attr.CACHE_WRITE_1H_TOKENS: 200,
        attr.COST_STATE: "computed",
        attr.COST_EXACT: COST,
        attr.COST_PRICE_ID: "anthropic/claude-haiku-4-5",
    }
    assert {name: found.get(name) for name in expected} == expected
    assert not any(name.startswith("openai.") for name in found)
    assert attr.STREAM_INCOMPLETE not in found
    assert (attr.TIME_TO_FIRST_TOKEN in found) is streamed
    assert found.get(attr.CHUNK_COUNT) == (6 if streamed else None)
    assert total(telemetry, metrics.OPERATION_DURATION) == 1
    assert total(telemetry, metrics.TOKEN_USAGE) == 2360
    assert total(telemetry, metrics.OPERATION_COST) == pytest.approx(float(COST))


@pytest.mark.parametrize("gzipped", ["", "gzip"])
@pytest.mark.parametrize("call", WHOLE_CALLS)
def test_whole_answer(call: Callable[[anthropic.Anthropic], str], gzipped: str, server: ScriptedServer) -> None:
    """However the answer is asked for, parsed, raw or in bytes, plain or encoded, the call is one span."""
    server.script.append(WHOLE.encoded() if gzipped else WHOLE)
    with recording(hosts=HOSTS) as telemetry, client(server) as made:
        assert call(made) == "On platform 3."
    holds_call(telemetry, streamed=False)


@pytest.mark.parametrize("gzipped", ["", "gzip"])
@pytest.mark.parametrize("call", STREAMED_CALLS)
def test_streamed_answer(call: Callable[[anthropic.Anthropic], str], gzipped: str, server: ScriptedServer) -> None:
    """However a stream is read, the call is one span with its times, and pings are no chunks."""
    server.script.append(STREAM.encoded() if gzipped else STREAM)
    with recording(hosts=HOSTS) as telemetry, client(server) as made:
        assert call(made) == "On platform 3."
    holds_call(telemetry, streamed=True)


@pytest.mark.parametrize("streamed", ["", "streamed", "manager"])
def test_async_client(streamed: str, server: ScriptedServer) -> None:
    """The asynchronous client's calls are read like the other's."""
    server.script.append(STREAM if streamed else WHOLE)

    async def talk() -> None:
        async with async_client(server) as made:
            if streamed == "manager":
                async with made.messages.stream(**QUESTION) as events:
                    assert [text async for text in events.text_stream] == ["On platform ", "3."]
            elif streamed:
                assert [event async for event in await made.messages.create(**QUESTION, stream=True)]
            else:
                await made.messages.create(**QUESTION)

    with recording(hosts=HOSTS) as telemetry:
        asyncio.run(talk())
    holds_call(telemetry, streamed=bool(streamed))


@pytest.mark.parametrize("way", ["close", "leave", "async"])
def test_cancelled_stream(way: str, server: ScriptedServer) -> None:
    """A stream left early knows its input exactly, estimates its output, and is no error."""
    server.script.append(Answer([*PIECES[:4], Act.WAIT, *PIECES[4:]], headers=EVENT_STREAM))

    async def talk() -> None:
        async with async_client(server) as made, made.messages.stream(**QUESTION) as events:
            assert await anext(aiter(events.text_stream)) == "On platform "

    with recording(hosts=HOSTS) as telemetry:
        if way == "async":
            asyncio.run(talk())
        else:
            with client(server) as made:
                if way == "close":
                    events = made.messages.create(**QUESTION, stream=True)
                    next(iter(events))
                    next(iter(events))
                    next(iter(events))
                    events.close()
                else:
                    with made.messages.stream(**QUESTION) as manager:
                        assert next(iter(manager.text_stream)) == "On platform "
    found = telemetry.attributes()
    assert found[attr.STREAM_END] == "cancelled"
    assert (found[attr.INPUT_TOKENS], found[attr.OUTPUT_TOKENS]) == (2310, 3)
    assert (found[attr.USAGE_ESTIMATED], found[attr.COST_STATE]) == (True, "estimated")
    assert found[attr.FINISH_REASONS] == ("error",)
    assert attr.ERROR_TYPE not in found


def test_error_in_a_stream(server: ScriptedServer) -> None:
    """An `error` event raises in the application and is the span's error; what came before it is paid for."""
    error = f"event: error\ndata: {json.dumps(OVERLOADED)}\n\n".encode()
    server.script.append(Answer([*PIECES[:4], error], headers=EVENT_STREAM))
    with recording(hosts=HOSTS) as telemetry, client(server) as made, pytest.raises(anthropic.APIStatusError):
        list(made.messages.create(**QUESTION, stream=True))
    found = telemetry.attributes()
    assert (found[attr.ERROR_TYPE], found[attr.ERROR_MESSAGE]) == ("overloaded_error", "Overloaded")
    assert (found[attr.INPUT_TOKENS], found[attr.COST_STATE]) == (2310, "estimated")


def test_retries(server: ScriptedServer) -> None:
    """Each attempt is a span; calls are attempts less retries, and only the answer costs."""
    busy = Answer([json.dumps(OVERLOADED).encode()], 529, {"content-type": "application/json", "retry-after-ms": "5"})
    server.script.extend([busy, busy, WHOLE])
    with recording(hosts=HOSTS) as telemetry, client(server, retries=2) as made:
        made.messages.create(**QUESTION)
    spans = [dict(span.attributes or {}) for span in telemetry.spans()]
    assert [span.get(attr.ERROR_TYPE) for span in spans] == ["overloaded_error", "overloaded_error", None]
    assert [span.get(attr.RESEND_COUNT) for span in spans] == [None, 1, 2]
    assert [span.get(attr.COST_EXACT) for span in spans] == [None, None, COST]
    assert total(telemetry, metrics.OPERATION_DURATION) - total(telemetry, metrics.RETRIES) == 1


def test_refused_call(server: ScriptedServer) -> None:
    """A refusal has the provider's type and costs nothing; the application gets its exception."""
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": "max_tokens: too large"}}
    server.script.append(Answer([json.dumps(body).encode()], 400))
    with recording(hosts=HOSTS) as telemetry, client(server) as made, pytest.raises(anthropic.BadRequestError):
        made.messages.create(**QUESTION)
    found = telemetry.attributes()
    assert (found[attr.HTTP_STATUS_CODE], found[attr.ERROR_TYPE]) == (400, "invalid_request_error")
    assert attr.COST_STATE not in found


def test_counting_tokens_is_no_call(server: ScriptedServer) -> None:
    """It answers nothing and costs nothing."""
    server.script.append(Answer([b'{"input_tokens": 12}']))
    with recording(hosts=HOSTS) as telemetry, client(server) as made:
        counted = made.messages.count_tokens(model=QUESTION["model"], messages=QUESTION["messages"])
        assert counted.input_tokens == 12
    assert telemetry.spans() == []


def test_content(server: ScriptedServer) -> None:
    """Where content is asked for, the system prompt stands apart and the answer has its parts."""
    server.script.append(STREAM)
    with recording(hosts=HOSTS, content=ContentMode.SPAN_ONLY) as telemetry, client(server) as made:
        list(made.messages.create(**QUESTION, system="Be brief.", stream=True))
    found = telemetry.attributes()
    assert json.loads(found[attr.SYSTEM_INSTRUCTIONS]) == [{"type": "text", "content": "Be brief."}]
    assert json.loads(found[attr.INPUT_MESSAGES]) == [
        {"role": "user", "parts": [{"type": "text", "content": "Where is the night train?"}]}
    ]
    (answer,) = json.loads(found[attr.OUTPUT_MESSAGES])
    assert answer["parts"] == [{"type": "text", "content": "On platform 3."}]


def test_unknown_host_is_recognised_by_its_body(server: ScriptedServer) -> None:
    """A gateway that speaks Anthropic's protocol needs no setting."""
    server.script.append(WHOLE)
    with recording(hosts={}) as telemetry, client(server) as made:
        create(made)
    holds_call(telemetry, streamed=False)


@pytest.mark.filterwarnings("ignore:The model:DeprecationWarning")
@pytest.mark.parametrize("name", names("anthropic"))
@pytest.mark.parametrize("gzipped", [False, True])
def test_recording_ends_in_its_usage_and_cost(name: str, gzipped: bool) -> None:  # noqa: FBT001 - a column
    """Recorded traffic through the real client: model, id, usage and a computed cost, in pieces and encoded."""
    exchange = recorded("anthropic", name)
    expected = exchange.read()
    assert expected.usage is not None
    with (
        scripted(exchange.answer(piece=97, gzipped=gzipped)) as server,
        recording(hosts=HOSTS) as telemetry,
        client(server) as made,
    ):
        answered = made.messages.create(**json.loads(exchange.asked))
        if isinstance(answered, anthropic.Stream):
            list(answered)
    found = telemetry.attributes()
    assert (found[attr.RESPONSE_ID], found[attr.RESPONSE_MODEL]) == (expected.id, expected.model)
    assert found[attr.INPUT_TOKENS] == expected.usage.input_tokens
    assert found[attr.OUTPUT_TOKENS] == expected.usage.output_tokens
    assert (found[attr.COST_STATE], found[attr.COST_AMOUNT] > 0) == ("computed", True)


def test_recorded_cache_write_and_read_are_priced() -> None:
    """1,163 tokens written at 3.75 $, then read at 0.30 $ a million, beside 4 fresh ones at 3 $ and output at 15 $."""
    costs = []
    for number in (0, 1):
        exchange = recorded("anthropic", f"anthropic_prompt_caching-{number}")
        with scripted(exchange.answer()) as server, recording(hosts=HOSTS) as telemetry, client(server) as made:
            made.messages.create(**json.loads(exchange.asked))
        costs.append(telemetry.attributes()[attr.COST_EXACT])
    assert costs == ["0.00717825", "0.0033909"]


@contextmanager
def vertex(server: ScriptedServer) -> Iterator[anthropic.AnthropicVertex]:
    """Lend a client of Vertex AI, for which the server stands as its HTTP proxy: the request names the real host."""
    with (
        anthropic.DefaultHttpxClient(proxy=server.url) as http,
        anthropic.AnthropicVertex(
            project_id="p",
            region="us-east5",
            access_token="made-up",
            base_url="http://us-east5-aiplatform.googleapis.com/v1",
            http_client=http,
            open_telemetry=False,
        ) as made,
    ):
        yield made


@pytest.mark.parametrize("streamed", ["", "streamed"])
def test_claude_on_vertex(streamed: str, server: ScriptedServer) -> None:
    """On Vertex AI the model stands in the path, and the price is Google's."""
    server.script.append(STREAM if streamed else WHOLE)
    with (
        recording(hosts={}) as telemetry,
        vertex(server) as made,
    ):
        question = QUESTION | {"model": "claude-haiku-4-5@20251001"}
        answered = made.messages.create(**question, stream=bool(streamed))
        assert list(answered)
    found = telemetry.attributes()
    assert server.asked[0].path.endswith(":streamRawPredict" if streamed else ":rawPredict")
    assert found[attr.PROVIDER] == "gcp.vertex_ai"
    assert found[attr.REQUEST_MODEL] == "claude-haiku-4-5@20251001"
    assert (found[attr.INPUT_TOKENS], found[attr.COST_STATE]) == (2310, "computed")


def test_counting_tokens_on_vertex_is_no_call(server: ScriptedServer) -> None:
    """There it looks like a call to a model of the name `count-tokens`."""
    server.script.append(Answer([b'{"input_tokens": 12}']))
    with (
        recording(hosts={}) as telemetry,
        vertex(server) as made,
    ):
        made.messages.count_tokens(model=QUESTION["model"], messages=QUESTION["messages"])
    assert server.asked[0].path.endswith("/count-tokens:rawPredict")
    assert telemetry.spans() == []


def test_claude_on_azure(server: ScriptedServer) -> None:
    """A resource of Azure AI Foundry speaks the same protocol below a path of its own."""
    server.script.append(WHOLE)
    with (
        recording(hosts={}) as telemetry,
        anthropic.DefaultHttpxClient(proxy=server.url) as http,
        anthropic.AnthropicFoundry(
            api_key="made-up",
            base_url="http://me.services.ai.azure.com/anthropic/",
            http_client=http,
            open_telemetry=False,
        ) as made,
    ):
        made.messages.create(**QUESTION)
    found = telemetry.attributes()
    assert (found[attr.PROVIDER], found[attr.INPUT_TOKENS]) == ("azure.ai.inference", 2310)
