"""With the setting on, a stream has its usage, and the application sees exactly what it would have seen."""

import asyncio
import json
import zlib
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import httpx
import httpx2
import openai
import pytest

from answers import zipped
from otlp_receiver import receiver, run, values
from scripted import Act, Answer, Asked, ScriptedServer, scripted
from spanglass.semconv import attributes as attr
from telemetry import Telemetry, recording

SSE = {"content-type": "text/event-stream; charset=utf-8"}
PATH = "/v1/chat/completions"
QUESTION: Any = [{"role": "user", "content": "Hi"}]
BODY = {"model": "gpt-4o-mini", "messages": QUESTION, "stream": True}
LIBRARIES = pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__)


def chunk(choices: str, usage: str) -> bytes:
    """Write one event of a chat stream."""
    return (
        b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini","choices":[%b]%b}\n\n'
        % (
            choices.encode(),
            usage.encode(),
        )
    )


def events(*, asked: bool) -> list[bytes]:
    """Return a stream as a provider sends it to one who asks for usage, and to one who does not."""
    null = ',"usage":null' if asked else ""
    words = [chunk('{"index":0,"delta":{"content":"Hello "},"finish_reason":null}', null) for _ in range(2)]
    stop = chunk('{"index":0,"delta":{},"finish_reason":"stop"}', null)
    usage = chunk("", ',"usage":{"prompt_tokens":20,"completion_tokens":4,"total_tokens":24}')
    return [*words, stop, *([usage] if asked else []), b"data: [DONE]\n\n"]


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    """What is recorded, with the setting on."""
    with recording() as made:
        made.recorder.stream_usage = True
        yield made


def with_openai(server: ScriptedServer, times: int = 1) -> list[Any]:
    """Read streams with the real client; return their chunks, in plain values."""
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="made-up", max_retries=0) as client:
        return [
            [
                one.model_dump(exclude_none=True)
                for one in client.chat.completions.create(model="gpt-4o-mini", messages=QUESTION, stream=True)
            ]
            for _ in range(times)
        ]


def with_async_openai(server: ScriptedServer, times: int = 1) -> list[Any]:
    """Likewise with the real asynchronous client."""

    async def read() -> list[Any]:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="made-up", max_retries=0) as client:
            return [
                [
                    one.model_dump(exclude_none=True)
                    async for one in await client.chat.completions.create(
                        model="gpt-4o-mini", messages=QUESTION, stream=True
                    )
                ]
                for _ in range(times)
            ]

    return asyncio.run(read())


Read = Callable[[ScriptedServer, int], list[Any]]
CLIENTS = pytest.mark.parametrize("read", [with_openai, with_async_openai], ids=lambda read: read.__name__)


@pytest.fixture(scope="module")
def expected() -> list[Any]:
    """What an application sees of a stream that nobody asked for its usage, without us."""
    with scripted(Answer(events(asked=False), headers=SSE)) as server:
        (seen,) = with_openai(server)
    assert len(seen) == 3
    return list(seen)


@CLIENTS
def test_application_sees_the_same_at_every_cut(
    read: Read, expected: list[Any], server: ScriptedServer, telemetry: Telemetry
) -> None:
    """Wherever the bytes of a stream are cut, the client gives the same chunks, and the usage is known."""
    whole = b"".join(events(asked=True))
    first = whole.index(b'"choices":[]') - 120  # from before the event of usage to the end
    cuts = range(first, len(whole))
    server.script.extend(Answer([whole[:cut], whole[cut:]], headers=SSE) for cut in cuts)
    server.script.append(Answer([whole[at : at + 1] for at in range(len(whole))], headers=SSE))
    assert read(server, len(cuts) + 1) == [expected] * (len(cuts) + 1)
    for span in telemetry.spans():
        found = span.attributes or {}
        assert (found[attr.INPUT_TOKENS], found[attr.OUTPUT_TOKENS], found[attr.COST_STATE]) == (20, 4, "computed")
        assert attr.USAGE_ESTIMATED not in found


@CLIENTS
@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_encoded_stream(
    read: Read, encoding: str, expected: list[Any], server: ScriptedServer, telemetry: Telemetry
) -> None:
    """A stream that the server compresses is shown without the event as well."""
    pieces = zipped(events(asked=True)) if encoding == "gzip" else [zlib.compress(b"".join(events(asked=True)))]
    server.script.append(Answer(pieces, headers={**SSE, "content-encoding": encoding}))
    assert read(server, 1) == [expected]
    assert telemetry.attributes()[attr.OUTPUT_TOKENS] == 4


@LIBRARIES
def test_broken_encoding_raises_the_library_s_error(
    library: ModuleType, server: ScriptedServer, telemetry: Telemetry
) -> None:
    """A body that is not encoded as it says fails as it does without us."""
    server.script.append(Answer([b"no gzip at all"], headers={**SSE, "content-encoding": "gzip"}))
    with library.Client() as client, pytest.raises(library.DecodingError):
        client.post(server.url + PATH, json=BODY)
    assert len(telemetry.spans()) == 1


def body_of(asked: Asked) -> dict[str, Any]:
    """Return a request's JSON, its length right."""
    assert int(asked.headers["Content-Length"]) == len(asked.body)
    found: dict[str, Any] = json.loads(asked.body)
    return found


@LIBRARIES
def test_request_of_the_application_stays_as_it_is(
    library: ModuleType, server: ScriptedServer, telemetry: Telemetry
) -> None:
    """Only a copy asks: the request that a response names, its headers and body, is the application's own."""
    headers = {"idempotency-key": "k", "X-Own": "1"}
    with library.Client() as client:
        server.script.append(Answer(events(asked=True), headers=SSE))
        response = client.post(server.url + PATH, json=BODY, headers=headers)
        assert response.content == b"".join(events(asked=True)[:-2] + events(asked=True)[-1:])
        assert json.loads(response.request.content) == BODY
        assert response.request.headers["content-length"] == str(len(response.request.content))
    (sent,) = server.asked
    assert body_of(sent) == {**BODY, "stream_options": {"include_usage": True}}
    kept = {k.lower(): v for k, v in sent.headers.items() if k.lower() != "content-length"}
    assert kept == {k: v for k, v in response.request.headers.items() if k != "content-length"}
    assert telemetry.attributes()[attr.OUTPUT_TOKENS] == 4


@LIBRARIES
@pytest.mark.parametrize(
    "body", [{**BODY, "stream": False}, {**BODY, "stream_options": {"include_usage": False}}, {"model": "m"}]
)
def test_other_requests_go_as_they_are(
    library: ModuleType, body: dict[str, Any], server: ScriptedServer, telemetry: Telemetry
) -> None:
    """What is not streamed, or says itself what it wants, is not changed, and its answer is passed on whole."""
    server.script.append(Answer(events(asked=True), headers=SSE))
    with library.Client() as client:
        assert client.post(server.url + PATH, json=body).content == b"".join(events(asked=True))
    assert body_of(server.asked[0]) == body
    assert len(telemetry.spans()) == 1


@CLIENTS
def test_host_that_refuses_is_asked_no_more(
    read: Read, expected: list[Any], server: ScriptedServer, telemetry: Telemetry
) -> None:
    """A host that does not know the option gets the request as it was, at once, and later ones without the option."""
    server.script.append(Answer([b'{"error":{"message":"Unknown parameter: stream_options"}}'], 400))
    server.script.extend([Answer(events(asked=False), headers=SSE)] * 2)
    assert read(server, 2) == [expected] * 2
    assert ["stream_options" in body_of(asked) for asked in server.asked] == [True, False, False]
    assert [(s.attributes or {})[attr.HTTP_STATUS_CODE] for s in telemetry.spans()] == [200, 200]


def test_refusal_for_another_reason_is_the_application_s(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A request that is refused as it was too fails as it would have, and the host is asked again."""
    refusal = Answer([b'{"error":{"code":"bad","message":"No."}}'], 400)
    server.script.extend([refusal, refusal, Answer(events(asked=True), headers=SSE)])
    with pytest.raises(openai.BadRequestError, match=r"No\."):
        with_openai(server)
    with_openai(server)
    assert ["stream_options" in body_of(asked) for asked in server.asked] == [True, False, True]
    assert [(s.attributes or {})[attr.HTTP_STATUS_CODE] for s in telemetry.spans()] == [400, 200]


def test_stream_that_is_closed_early(server: ScriptedServer, telemetry: Telemetry) -> None:
    """An application that stops reading gets what it asked for until then."""
    server.script.append(Answer([*events(asked=True)[:1], Act.WAIT], headers=SSE))
    with (
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="made-up") as client,
        client.chat.completions.create(model="m", messages=QUESTION, stream=True) as stream,
    ):
        assert next(stream).choices[0].delta.content == "Hello "
    assert telemetry.attributes()[attr.STREAM_END] == "cancelled"


def test_nothing_is_asked_without_the_setting(server: ScriptedServer) -> None:
    """Off, which is the default, requests go as they are."""
    server.script.append(Answer(events(asked=False), headers=SSE))
    with recording():
        with_openai(server)
    assert "stream_options" not in body_of(server.asked[0])


@pytest.mark.parametrize(
    ("argument", "variables", "expected"),
    [
        ("", {}, False),
        ("stream_usage=True", {}, True),
        ("", {"SPANGLASS_STREAM_USAGE": "true"}, True),
        ("stream_usage=False", {"SPANGLASS_STREAM_USAGE": "true"}, False),
    ],
)
def test_argument_and_variable(
    argument: str,
    variables: dict[str, str],
    expected: bool,  # noqa: FBT001 - a table
    server: ScriptedServer,
) -> None:
    """A program switches it on by argument, then by variable; without either it is off."""
    server.script.append(Answer(events(asked=expected), headers=SSE))
    script = f"""
import httpx2, spanglass
spanglass.init({argument})
httpx2.post("{server.url}{PATH}", json={BODY!r})
"""
    with receiver() as seen:
        done = run(script, endpoint=seen.endpoint, **variables)
        assert (done.returncode, done.stderr) == (0, "")
        [(_, span)] = seen.spans()
    assert ("stream_options" in body_of(server.asked[0])) is expected
    assert (attr.USAGE_ESTIMATED in values(span.attributes)) is not expected
