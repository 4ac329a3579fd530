"""What the real google-genai client's calls become, sync and async, through each HTTP library that it uses."""

import asyncio
import gc
import gzip
import json
from contextlib import AbstractContextManager, aclosing
from decimal import Decimal
from typing import Any

import httpx
import httpx2
import pytest
from dirty_equals import IsStr
from google import genai
from google.genai.errors import APIError
from google.genai.types import Content, GenerateContentConfig, HttpOptions, HttpRetryOptions, Part, ThinkingConfig
from inline_snapshot import snapshot

from cassettes import names, recorded
from scripted import Act, Answer, ScriptedServer
from spanglass.sdk.content import ContentMode
from spanglass.semconv import attributes as attr
from spanglass.testing import capture
from telemetry import Telemetry, recording

# The client's own choice of the twins, from its third major on.
HTTPX: Any = httpx2 if int(genai.__version__.partition(".")[0]) >= 3 else httpx
MODEL = "gemini-2.5-flash"
USAGE = {
    "promptTokenCount": 1000,
    "cachedContentTokenCount": 200,
    "candidatesTokenCount": 30,
    "thoughtsTokenCount": 70,
    "totalTokenCount": 1100,
}
WAYS = ("sync", "httpx", "aiohttp")
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")


def says(text: str, reason: str | None = None, **more: object) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    if reason is not None:
        candidate["finishReason"] = reason
    return {"candidates": [candidate], "modelVersion": MODEL, "responseId": "r-1", **more}


BODY = json.dumps(says("On platform 3.", "STOP", usageMetadata=USAGE), indent=2).encode()
WHOLE = Answer([BODY])
CHUNKS = [
    says("On ", usageMetadata={"promptTokenCount": 1000}),
    says("plat"),
    says("form "),
    says("3.", "STOP", usageMetadata=USAGE),
]
PIECES = [b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n" for chunk in CHUNKS]
SSE = {"content-type": "text/event-stream"}
STREAMED = Answer(PIECES, headers=SSE)


def client(server: ScriptedServer, way: str = "sync", retry: HttpRetryOptions | None = None) -> genai.Client:
    asynchronous = {"transport": HTTPX.AsyncHTTPTransport()} if way == "httpx" else None
    return genai.Client(
        api_key="made-up",
        http_options=HttpOptions(base_url=server.url, async_client_args=asynchronous, retry_options=retry),
    )


def seen(content: ContentMode = ContentMode.NO_CONTENT) -> AbstractContextManager[Telemetry]:
    return recording(content=content, hosts={"127.0.0.1": "gcp.gemini"})


def ask(way: str, made: genai.Client, config: GenerateContentConfig | None = None) -> str | None:
    """Ask for a whole answer."""
    if way == "sync":
        with made:
            return made.models.generate_content(model=MODEL, contents="Where?", config=config).text

    async def answer() -> str | None:
        async with made.aio as asynchronous:
            return (await asynchronous.models.generate_content(model=MODEL, contents="Where?", config=config)).text

    return asyncio.run(answer())


def ask_streamed(way: str, made: genai.Client, *, first: int | None = None) -> list[str | None]:
    """Ask for a stream and read it, or only its first chunks, after which it is closed."""
    if way == "sync":
        with made:
            stream = made.models.generate_content_stream(model=MODEL, contents="Where?")
            texts = [chunk.text for _, chunk in zip(range(first or 99), stream, strict=False)]
            stream.close()  # type: ignore[attr-defined] # a generator, declared as an iterator
            return texts

    async def answer() -> list[str | None]:
        async with made.aio as asynchronous:
            stream = await asynchronous.models.generate_content_stream(model=MODEL, contents="Where?")
            read: list[str | None] = []
            async with aclosing(stream):  # type: ignore[type-var] # likewise
                async for chunk in stream:
                    read.append(chunk.text)
                    if len(read) == first:
                        break
            return read

    return asyncio.run(answer())


def test_whole_answer() -> None:
    """A plain call is one span with what was asked, answered, used and paid."""
    transport = HTTPX.MockTransport(lambda _: HTTPX.Response(200, content=BODY))
    made = genai.Client(api_key="made-up", http_options=HttpOptions(client_args={"transport": transport}))
    config = GenerateContentConfig(
        temperature=0.2,
        top_k=40,
        max_output_tokens=100,
        system_instruction="Be brief.",
        thinking_config=ThinkingConfig(thinking_budget=100),
    )
    with capture() as captured:
        made.models.generate_content(model=MODEL, contents="Where?", config=config)
    assert captured.spans() == snapshot(
        [
            {
                "name": "generate_content gemini-2.5-flash",
                "trace": 1,
                "id": 1,
                "parent": None,
                "kind": "CLIENT",
                "scope": "spanglass",
                "start": 1.0,
                "end": 3.0,
                "attributes": {
                    "gen_ai.operation.name": "generate_content",
                    "gen_ai.provider.name": "gcp.gemini",
                    "gen_ai.request.max_tokens": 100,
                    "gen_ai.request.model": "gemini-2.5-flash",
                    "gen_ai.request.temperature": 0.2,
                    "gen_ai.request.top_k": 40,
                    "gen_ai.response.finish_reasons": ["STOP"],
                    "gen_ai.response.id": "r-1",
                    "gen_ai.response.model": "gemini-2.5-flash",
                    "gen_ai.usage.cache_read.input_tokens": 200,
                    "gen_ai.usage.cost.amount": 0.000496,
                    "gen_ai.usage.cost.currency": "USD",
                    "gen_ai.usage.cost.source": "local",
                    "gen_ai.usage.input_tokens": 1000,
                    "gen_ai.usage.output_tokens": 100,
                    "gen_ai.usage.reasoning.output_tokens": 70,
                    "http.response.status_code": 200,
                    "server.address": "generativelanguage.googleapis.com",
                    "server.port": 443,
                    "spanglass.cost.amount": "0.000496",
                    "spanglass.cost.price_id": "google/gemini-2.5-flash",
                    "spanglass.cost.state": "computed",
                    "spanglass.cost.table": IsStr(regex="genai-prices .+"),
                },
            }
        ]
    )


@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_whole_answer_by_any_way(way: str, server: ScriptedServer, gzipped: bool) -> None:  # noqa: FBT001 - a column
    """Sync and async through every HTTP library, encoded or not: the same counts, the application's own text."""
    encoded = Answer([gzip.compress(BODY)], headers={"content-type": "application/json", "content-encoding": "gzip"})
    server.script.append(encoded if gzipped else WHOLE)
    with seen() as telemetry:
        assert ask(way, client(server, way)) == "On platform 3."
    check_usage(telemetry)


@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_stream_by_any_way(way: str, server: ScriptedServer, gzipped: bool) -> None:  # noqa: FBT001 - a column
    """A stream has its times, and the counts of its last chunk."""
    encoded = Answer([gzip.compress(b"".join(PIECES))], headers={**SSE, "content-encoding": "gzip"})
    server.script.append(encoded if gzipped else STREAMED)
    with seen() as telemetry:
        assert "".join(text or "" for text in ask_streamed(way, client(server, way))) == "On platform 3."
    found = check_usage(telemetry)
    assert found[attr.REQUEST_STREAM] is True
    assert found[attr.CHUNK_COUNT] == 4
    assert attr.STREAM_END not in found


@pytest.mark.parametrize("name", names("gemini"))
@pytest.mark.parametrize("way", WAYS)
def test_recording_ends_in_its_usage_and_cost(way: str, name: str, server: ScriptedServer) -> None:
    """Recorded traffic, given again in small pieces: what the client read is what was counted and priced."""
    exchange = recorded("gemini", name)
    server.script.append(exchange.answer(piece=50))
    with seen() as telemetry:
        (ask_streamed if ":stream" in exchange.path else ask)(way, client(server, way))
    found, told = telemetry.attributes(), exchange.read()
    assert told.usage is not None
    assert (found[attr.INPUT_TOKENS], found[attr.OUTPUT_TOKENS]) == told.usage[:2]
    assert (found[attr.RESPONSE_ID], found[attr.COST_STATE]) == (told.id, "computed")
    paid = Decimal("0.30") * (told.usage.input_tokens or 0) + Decimal("2.50") * (told.usage.output_tokens or 0)
    assert Decimal(found[attr.COST_EXACT]) == paid / 1_000_000


def check_usage(telemetry: Telemetry) -> dict[str, Any]:
    """Hold the one span to the counts that were sent."""
    found = telemetry.attributes()
    assert telemetry.span().name == f"generate_content {MODEL}"
    assert (found[attr.INPUT_TOKENS], found[attr.OUTPUT_TOKENS]) == (1000, 100)
    assert (found[attr.CACHE_READ_TOKENS], found[attr.REASONING_TOKENS]) == (200, 70)
    assert found[attr.FINISH_REASONS] == ("STOP",)
    assert found[attr.RESPONSE_MODEL] == MODEL
    # 800 at 0.30, 200 cached at 0.03, 100 out at 2.50 USD a million
    assert (found[attr.COST_STATE], found[attr.COST_EXACT]) == ("computed", "0.000496")
    return found


@pytest.mark.parametrize("way", WAYS)
def test_stream_that_is_left_is_a_cancelled_call(way: str, server: ScriptedServer) -> None:
    """The application stops after two chunks: what came is counted, what is unknown estimated, and said so."""
    server.script.append(Answer([*PIECES[:2], Act.WAIT], headers=SSE))
    with seen() as telemetry:
        assert ask_streamed(way, client(server, way), first=2) == ["On ", "plat"]
        gc.collect()
        telemetry.recorder.settle()
    found = telemetry.attributes()
    assert found[attr.STREAM_END] in ("cancelled", "abandoned")
    assert (found[attr.INPUT_TOKENS], found[attr.OUTPUT_TOKENS]) == (1000, 2)
    assert (found[attr.COST_STATE], found[attr.USAGE_ESTIMATED]) == ("estimated", True)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_refused_call(way: str, server: ScriptedServer, streamed: bool) -> None:  # noqa: FBT001 - a column
    """The client raises as ever; the span has Google's status."""
    error = {"error": {"code": 429, "message": "Quota exceeded", "status": "RESOURCE_EXHAUSTED"}}
    server.script.append(Answer([json.dumps(error).encode()], 429))
    with seen() as telemetry, pytest.raises(APIError, match="Quota exceeded"):
        (ask_streamed if streamed else ask)(way, client(server, way))
    found = telemetry.attributes()
    assert (found[attr.ERROR_TYPE], found[attr.ERROR_MESSAGE]) == ("RESOURCE_EXHAUSTED", "Quota exceeded")
    assert (found[attr.HTTP_STATUS_CODE], attr.COST_STATE in found) == (429, False)


@pytest.mark.parametrize("way", WAYS)
def test_retried_call_is_a_span_an_attempt(way: str, server: ScriptedServer) -> None:
    """The client's own retries are seen, each for itself, and one is paid for."""
    server.script.extend([Answer([b"{}"], 503), WHOLE])
    retries = HttpRetryOptions(attempts=2, initial_delay=0.01, max_delay=0.02, http_status_codes=[503])
    with seen() as telemetry:
        assert ask(way, client(server, way, retries)) == "On platform 3."
    told = [span.attributes or {} for span in telemetry.spans()]
    assert [one[attr.HTTP_STATUS_CODE] for one in told] == [503, 200]
    assert [one.get(attr.COST_STATE) for one in told] == [None, "computed"]


@pytest.mark.parametrize("way", WAYS)
def test_messages_where_content_is_asked_for(way: str, server: ScriptedServer) -> None:
    """What was said, in the conventions' schema."""
    server.script.append(STREAMED)
    with seen(content=ContentMode.SPAN_ONLY) as telemetry:
        ask_streamed(way, client(server, way))
    found = telemetry.attributes()
    assert json.loads(found[attr.INPUT_MESSAGES]) == [
        {"role": "user", "parts": [{"type": "text", "content": "Where?"}]}
    ]
    assert json.loads(found[attr.OUTPUT_MESSAGES])[0]["parts"] == [{"type": "text", "content": "On platform 3."}]


def test_function_that_the_client_calls_itself(server: ScriptedServer) -> None:
    """Automatic function calling is two calls to the model: the first asks for the tool, the second answers."""

    def platform(train: str) -> str:
        """Find a platform."""
        return f"3 ({train})"

    asks = says("", "STOP", usageMetadata=USAGE)
    asks["candidates"][0]["content"]["parts"] = [{"functionCall": {"name": "platform", "args": {"train": "night"}}}]
    server.script.extend([Answer([json.dumps(asks).encode()]), WHOLE])
    with seen(content=ContentMode.SPAN_ONLY) as telemetry:
        assert ask("sync", client(server), config=GenerateContentConfig(tools=[platform])) == "On platform 3."
    first, second = [span.attributes or {} for span in telemetry.spans()]
    call = {"type": "tool_call", "name": "platform", "arguments": {"train": "night"}}
    assert json.loads(str(first[attr.OUTPUT_MESSAGES]))[0]["parts"] == [call]
    sent = json.loads(str(second[attr.INPUT_MESSAGES]))
    assert [message["role"] for message in sent] == ["user", "assistant", "tool"]
    assert sent[1]["parts"] == [call]
    assert "3 (night)" in json.dumps(sent[2])


def test_embeddings(server: ScriptedServer) -> None:
    """No usage is said, so the input is estimated from its length."""
    server.script.append(Answer([json.dumps({"embeddings": [{"values": [0.1] * 8}]}).encode()]))
    with seen() as telemetry, client(server) as made:
        made.models.embed_content(model="gemini-embedding-001", contents=Content(parts=[Part(text="Where is it?")]))
    found = telemetry.attributes()
    assert telemetry.span().name == "embeddings gemini-embedding-001"
    assert (found[attr.INPUT_TOKENS], found[attr.COST_STATE]) == (3, "estimated")


def test_vertex_ai_behind_another_host(server: ScriptedServer) -> None:
    """A proxy is recognised by the path, which says that it is Vertex AI and which model."""
    server.script.append(WHOLE)
    with recording(hosts={}) as telemetry:
        made = genai.Client(vertexai=True, api_key="made-up", http_options=HttpOptions(base_url=server.url))
        assert ask("sync", made) == "On platform 3."
    assert server.asked[0].path.endswith(f"/publishers/google/models/{MODEL}:generateContent")
    assert check_usage(telemetry)[attr.PROVIDER] == "gcp.vertex_ai"
