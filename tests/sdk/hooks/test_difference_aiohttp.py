"""Whatever is answered and however it is read over aiohttp, the application gets the same with the hook as without."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from answers import ANSWERS, BODY, EVENTS, PATH, SSE
from scripted import Act, Answer, ScriptedServer, scripted
from spanglass.semconv import attributes as attr
from telemetry import recording

Read = Callable[[aiohttp.ClientResponse], AsyncIterator[object]]


def seen_of(error: BaseException) -> object:
    """Return what can be told of an exception."""
    return (type(error), str(error) if isinstance(error, aiohttp.ClientPayloadError) else "", type(error.__cause__))


def state(response: aiohttp.ClientResponse) -> dict[str, object]:
    """Return what an application can see of a response when it has done with it."""
    return {
        "type": type(response),
        "content": type(response.content),
        "status": response.status,
        "headers": sorted((k, v) for k, v in response.headers.items() if k.lower() != "date"),
        "closed": response.closed,
        "connection": response.connection is None,
        "eof": (response.content.is_eof(), response.content.at_eof()),
        "exception": type(response.content.exception()),
        "history": [r.status for r in response.history],
        "request": (response.request_info.method, response.request_info.url.path),
    }


async def read(response: aiohttp.ClientResponse) -> AsyncIterator[object]:
    yield await response.read()
    yield await response.read()


async def text(response: aiohttp.ClientResponse) -> AsyncIterator[object]:
    yield await response.text()


async def json(response: aiohttp.ClientResponse) -> AsyncIterator[object]:
    yield await response.json()


async def content(response: aiohttp.ClientResponse) -> AsyncIterator[object]:
    yield await response.content.read()


async def in_pieces(response: aiohttp.ClientResponse) -> AsyncIterator[object]:
    yield b"".join([piece async for piece in response.content.iter_chunked(7)])


async def as_it_comes(response: aiohttp.ClientResponse) -> AsyncIterator[object]:
    yield b"".join([piece async for piece in response.content.iter_any()])


async def http_chunks(response: aiohttp.ClientResponse) -> AsyncIterator[object]:
    yield b"".join([piece async for piece, _ in response.content.iter_chunks()])


async def lines(response: aiohttp.ClientResponse) -> AsyncIterator[object]:
    async for line in response.content:
        yield line


async def refused(response: aiohttp.ClientResponse) -> AsyncIterator[object]:
    yield await response.read()
    response.raise_for_status()
    yield "fine"


READERS = (read, text, json, content, in_pieces, as_it_comes, http_chunks, lines, refused)


async def first_then_close(response: aiohttp.ClientResponse) -> AsyncIterator[object]:
    yield await response.content.read(1)
    response.close()
    yield response.closed
    yield await response.read()


async def first_then_release(response: aiohttp.ClientResponse) -> AsyncIterator[object]:
    yield await response.content.read(1)
    response.release()
    yield await response.content.read(1)


async def nothing(response: aiohttp.ClientResponse) -> AsyncIterator[object]:
    yield response.ok


async def exactly(response: aiohttp.ClientResponse) -> AsyncIterator[object]:
    yield await response.content.readexactly(5)
    yield await response.content.readuntil(b"}")
    yield response.content.read_nowait(3)


async def consumer_fails(response: aiohttp.ClientResponse) -> AsyncIterator[object]:
    async for _ in response.content:
        raise LookupError("the application's own")
    yield "nothing came"


EARLY = (first_then_close, first_then_release, nothing, exactly, consumer_fails)
HANGING = Answer([EVENTS[0], Act.WAIT], headers=SSE)


async def observe(server: ScriptedServer, reader: Read, *, decompress: bool) -> list[object]:
    """Make a call and write down everything it gave, to the exception."""
    seen: list[object] = []
    response = None
    traced = aiohttp.TraceConfig()

    async def heard(*args: object) -> None:
        seen.append(type(args[-1]).__name__)

    for signal in (traced.on_request_start, traced.on_request_end, traced.on_request_exception):
        signal.append(heard)

    async def outer(
        request: aiohttp.ClientRequest, handler: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]]
    ) -> aiohttp.ClientResponse:
        seen.append((request.method, request.url.path, bool(request.body)))
        return await handler(request)

    async with aiohttp.ClientSession(
        server.url, auto_decompress=decompress, trace_configs=[traced], middlewares=[outer]
    ) as session:
        try:
            async with session.post(PATH, json=BODY) as response:
                async for piece in reader(response):
                    seen.append(piece)  # noqa: PERF401 - what came before an exception counts too
        except Exception as error:  # noqa: BLE001 - whatever it is, it must be the same
            seen.append(seen_of(error))
        if response is not None:
            seen.append(state(response))
    seen.append([(a.path, a.body, {k: v for k, v in a.headers.items() if k != "Host"}) for a in server.asked])
    return seen


@pytest.mark.parametrize("reader", EARLY, ids=lambda reader: reader.__name__)
@pytest.mark.parametrize("answer", ["hanging", "refused"])
def test_application_that_leaves_early_gets_the_same(answer: str, reader: Read) -> None:
    """An answer that is left in its middle closes, raises and gives up its connection as without the hook."""
    script = [replace(HANGING, status=400)] if answer == "refused" else [HANGING]
    with scripted(*script) as server:
        without = asyncio.run(observe(server, reader, decompress=True))
    with recording() as telemetry, scripted(*script) as server:
        assert asyncio.run(observe(server, reader, decompress=True)) == without
    assert telemetry.attributes().get(attr.STREAM_END) == (None if answer == "refused" else "cancelled")


@pytest.mark.parametrize("decompress", [True, False])
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@pytest.mark.parametrize("answer", ANSWERS)
def test_application_gets_the_same(answer: str, reader: Read, decompress: bool) -> None:  # noqa: FBT001 - a table
    """Bytes, exceptions, attributes and events are the same with the hook as without; every request is a span."""
    with scripted(*ANSWERS[answer]) as server:
        without = asyncio.run(observe(server, reader, decompress=decompress))
    with recording() as telemetry, scripted(*ANSWERS[answer]) as server:
        assert asyncio.run(observe(server, reader, decompress=decompress)) == without
    telemetry.recorder.settle()
    assert len(telemetry.spans()) == len(server.asked)


@pytest.mark.parametrize("answer", ["json", "gzip json"])
def test_answer_is_read_through_its_encoding(answer: str) -> None:
    """An answer that the library decodes and one that it leaves encoded say the same to us."""
    for decompress in (True, False):
        with recording() as telemetry, scripted(*ANSWERS[answer]) as server:
            asyncio.run(observe(server, read, decompress=decompress))
        assert telemetry.attributes()[attr.INPUT_TOKENS] == 1


@pytest.mark.parametrize("body", [b'{"model":"m","messages":[]}', '{"model":"m","messages":[]}'])
def test_body_given_as_data(body: bytes | str) -> None:
    """A body that the application has written itself is read, one that it streams is left to the connection."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"model":"m",'
        yield b'"messages":[]}'

    async def post(server: ScriptedServer, data: object) -> None:
        length = {"content-length": str(len(body))}
        async with (
            aiohttp.ClientSession() as session,
            session.post(server.url + PATH, data=data, headers=length) as got,
        ):
            await got.read()

    for data, model in ((body, "m"), (pieces(), None)):
        with recording() as telemetry, scripted(Answer([b"{}"])) as server:
            asyncio.run(post(server, data))
        assert telemetry.attributes().get(attr.REQUEST_MODEL) == model


@pytest.mark.parametrize(
    ("url", "given"),
    [
        ("http://host:port/v1/chat/completions", {}),
        ("/v1/chat/completions", {"json": BODY}),
        ("http://127.0.0.1:1/v1/chat/completions", {"json": object()}),
        ("http://127.0.0.1:1/v1/chat/completions", {"json": BODY, "data": b""}),
        ("http://127.0.0.1:1/v1/chat/completions", {"unheard_of": True}),
    ],
)
@pytest.mark.parametrize("hosts", [None, {}])
def test_mistakes_of_the_application(url: str, given: dict[str, Any], hosts: dict[str, str] | None) -> None:
    """What the library refuses raises what it raises without us, and is no fault of ours."""

    async def mistake() -> object:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever it is, it must be the same
                await session.post(url, **given)
        return type(raised.value)

    without = asyncio.run(mistake())
    with recording(hosts=hosts):
        assert asyncio.run(mistake()) == without


def test_middleware_that_tries_again_shows_each_attempt() -> None:
    """A middleware of the application's that retries is as many spans as there were requests on the wire."""

    async def again(
        request: aiohttp.ClientRequest, handler: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]]
    ) -> aiohttp.ClientResponse:
        response = await handler(request)
        if response.status == 503:
            await response.read()
            response = await handler(request)
        return response

    async def call(server: ScriptedServer) -> int:
        async with (
            aiohttp.ClientSession() as session,
            session.post(server.url + PATH, json=BODY, middlewares=[again]) as response,
        ):
            await response.read()
            return response.status

    with recording() as telemetry, scripted(Answer([b"{}"], 503), Answer([b"{}"])) as server:
        assert asyncio.run(call(server)) == 200
    assert [(s.attributes or {})[attr.HTTP_STATUS_CODE] for s in telemetry.spans()] == [503, 200]
