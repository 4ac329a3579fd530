"""Whatever is answered and however it is read, the application must get the same with the hooks as without."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from types import ModuleType
from typing import Any

import httpx
import httpx2
import pytest

from answers import ANSWERS, BODY, PATH
from scripted import ScriptedServer, scripted
from telemetry import recording

LIBRARIES = (httpx, httpx2)
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # making the default one takes longer than the rest of a test


def facts(response: httpx2.Response) -> dict[str, object]:
    """Return what an application can see of a response when it has done with it."""
    try:
        elapsed: object = type(response.elapsed)
    except RuntimeError as error:
        elapsed = str(error)
    return {
        "status": response.status_code,
        "headers": sorted((k, v) for k, v in response.headers.items() if k != "date"),
        "elapsed": elapsed,
        "downloaded": response.num_bytes_downloaded,
        "closed": response.is_closed,
        "consumed": response.is_stream_consumed,
        "history": [r.status_code for r in response.history],
        "stream": [base.__name__ for base in type(response.stream).__mro__ if "ByteStream" in base.__name__],
    }


def sync_stream(response: httpx2.Response) -> Iterator[bytes]:
    stream: Any = response.stream
    return iter(stream)


def async_stream(response: httpx2.Response) -> AsyncIterator[bytes]:
    stream: Any = response.stream
    return aiter(stream)


def whole(response: httpx2.Response) -> Iterator[object]:
    yield response.read()
    yield response.content


def raw(response: httpx2.Response) -> Iterator[object]:
    yield b"".join(response.iter_raw())


def decoded(response: httpx2.Response) -> Iterator[object]:
    yield b"".join(response.iter_bytes())


def lines(response: httpx2.Response) -> Iterator[object]:
    yield list(response.iter_lines())


def text(response: httpx2.Response) -> Iterator[object]:
    yield "".join(response.iter_text())


def own_stream(response: httpx2.Response) -> Iterator[object]:
    yield b"".join(sync_stream(response))
    yield response.is_closed


def twice(response: httpx2.Response) -> Iterator[object]:
    yield b"".join(response.iter_raw())
    yield b"".join(response.iter_raw())


def first_then_close(response: httpx2.Response) -> Iterator[object]:
    yield next(response.iter_raw(1), None)
    response.close()
    yield response.is_closed
    yield response.read()


def consumer_fails(response: httpx2.Response) -> Iterator[object]:
    for _ in response.iter_bytes():
        raise LookupError("the application's own")
    yield "nothing came"


READERS = (whole, raw, decoded, lines, text, own_stream, twice, first_then_close, consumer_fails)


def observe(
    library: ModuleType, server: ScriptedServer, read: Callable[[httpx2.Response], Iterator[object]]
) -> list[object]:
    """Make a call and write down everything it gave, to the exception."""
    seen: list[object] = []
    hooks: dict[str, list[Callable[[Any], None]]] = {
        "request": [lambda request: seen.append(request.method)],
        "response": [lambda response: seen.append(response.status_code)],
    }
    response = None
    with library.Client(
        base_url=server.url, follow_redirects=True, event_hooks=hooks, auth=("user", "secret"), verify=NO_TLS
    ) as client:
        try:
            with client.stream("POST", PATH, json=BODY) as response:
                for piece in read(response):
                    seen.append(piece)  # noqa: PERF402 - what came before an exception counts too
        except Exception as error:  # noqa: BLE001 - whatever it is, it must be the same
            seen.append((type(error), str(error), type(error.__cause__), type(error.__context__)))
        if response is not None:
            seen.append(facts(response))
    seen.append([(a.path, a.body, {k: v for k, v in a.headers.items() if k != "Host"}) for a in server.asked])
    seen.append(len({asked.port for asked in server.asked}))
    return seen


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
def test_sync_application_gets_the_same(
    library: ModuleType, answer: str, read: Callable[[httpx2.Response], Iterator[object]]
) -> None:
    """Bytes, exceptions, attributes and connections of a sync client are the same with the hooks as without."""
    with scripted(*ANSWERS[answer]) as server:
        without = observe(library, server, read)
    with recording() as telemetry, scripted(*ANSWERS[answer]) as server:
        assert observe(library, server, read) == without
    assert len(telemetry.spans()) == len(server.asked)


async def async_whole(response: httpx2.Response) -> AsyncIterator[object]:
    yield await response.aread()
    yield response.content


async def async_raw(response: httpx2.Response) -> AsyncIterator[object]:
    yield b"".join([piece async for piece in response.aiter_raw()])


async def async_decoded(response: httpx2.Response) -> AsyncIterator[object]:
    yield b"".join([piece async for piece in response.aiter_bytes()])


async def async_lines(response: httpx2.Response) -> AsyncIterator[object]:
    yield [line async for line in response.aiter_lines()]


async def async_own_stream(response: httpx2.Response) -> AsyncIterator[object]:
    yield b"".join([piece async for piece in async_stream(response)])
    yield response.is_closed


async def async_twice(response: httpx2.Response) -> AsyncIterator[object]:
    yield b"".join([piece async for piece in response.aiter_raw()])
    yield b"".join([piece async for piece in response.aiter_raw()])


async def async_drain(response: httpx2.Response) -> AsyncIterator[object]:
    first = response.aiter_raw()
    begun = await anext(first, b"")
    if begun:  # a connection whose answer was empty has nothing to drain: reading on would wait for a timeout
        yield begun + b"".join([piece async for piece in async_stream(response)])
    await response.aclose()
    await first.aclose()


async def async_first_then_close(response: httpx2.Response) -> AsyncIterator[object]:
    async for piece in response.aiter_raw(1):
        yield piece
        break
    await response.aclose()
    yield response.is_closed
    yield await response.aread()


async def async_consumer_fails(response: httpx2.Response) -> AsyncIterator[object]:
    async for _ in response.aiter_bytes():
        raise LookupError("the application's own")
    yield "nothing came"


ASYNC_READERS = (
    async_whole,
    async_raw,
    async_decoded,
    async_lines,
    async_own_stream,
    async_twice,
    async_drain,
    async_first_then_close,
    async_consumer_fails,
)


async def async_observe(
    library: ModuleType, server: ScriptedServer, read: Callable[[httpx2.Response], AsyncIterator[object]]
) -> list[object]:
    """Make a call and write down everything it gave, to the exception."""
    seen: list[object] = []
    response = None
    async with library.AsyncClient(base_url=server.url, follow_redirects=True, verify=NO_TLS) as client:
        try:
            async with client.stream("POST", PATH, json=BODY) as response:
                async for piece in read(response):
                    seen.append(piece)  # noqa: PERF401 - likewise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must be the same
            seen.append((type(error), str(error), type(error.__cause__), type(error.__context__)))
        if response is not None:
            seen.append(facts(response))
    seen.append([(a.path, a.body, {k: v for k, v in a.headers.items() if k != "Host"}) for a in server.asked])
    seen.append(len({asked.port for asked in server.asked}))
    return seen


@pytest.mark.parametrize("read", ASYNC_READERS, ids=lambda read: read.__name__)
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
def test_async_application_gets_the_same(
    library: ModuleType, answer: str, read: Callable[[httpx2.Response], AsyncIterator[object]]
) -> None:
    """Bytes, exceptions, attributes and connections of an async client are the same with the hooks as without."""
    with scripted(*ANSWERS[answer]) as server:
        without = asyncio.run(async_observe(library, server, read))
    with recording() as telemetry, scripted(*ANSWERS[answer]) as server:
        assert asyncio.run(async_observe(library, server, read)) == without
    assert len(telemetry.spans()) == len(server.asked)
