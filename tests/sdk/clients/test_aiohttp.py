"""What calls written by hand over aiohttp become, however their answers end."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from scripted import Act, Answer, ScriptedServer, scripted
from spanglass.semconv import attributes as attr
from telemetry import Telemetry

PATH = "/v1/chat/completions"
BODY: dict[str, Any] = {
    "model": "gpt-4o-mini",
    "messages": [{"role": "user", "content": "Say hello to everybody who is here."}],
    "stream": True,
    "stream_options": {"include_usage": True},
}
SSE = {"content-type": "text/event-stream"}
WORD = (
    b'data: {"id":"c-1","model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"delta":{"content":"Hello "},'
    b'"finish_reason":null}],"usage":null}\n\n'
)
STOP = (
    b'data: {"id":"c-1","model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
)
USAGE = b'data: {"id":"c-1","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":4,"total_tokens":24}}\n\n'
WHOLE = Answer([WORD] * 4 + [STOP, USAGE, b"data: [DONE]\n\n"], headers=SSE)
HANGING = Answer([WORD, WORD, Act.WAIT], headers=SSE)


@asynccontextmanager
async def asked(server: ScriptedServer, **given: Any) -> AsyncIterator[aiohttp.ClientResponse]:  # noqa: ANN401 - the library's own
    """Ask for a stream."""
    async with aiohttp.ClientSession(**given) as session, session.post(server.url + PATH, json=BODY) as response:
        yield response


def run(reading: Coroutine[Any, Any, object]) -> None:
    """Run to the end, also of what the loop does afterwards."""
    asyncio.run(reading)
    gc.collect()


def ends(telemetry: Telemetry) -> tuple[object, object, object]:
    """Return how the one span says its answer ended, its status and its error."""
    telemetry.recorder.settle()
    found = telemetry.attributes()
    return found.get(attr.STREAM_END), telemetry.span().status.status_code.name, found.get(attr.ERROR_TYPE)


async def by_lines(response: aiohttp.ClientResponse) -> None:
    async for _ in response.content:
        pass


async def by_chunks(response: aiohttp.ClientResponse) -> None:
    async for _ in response.content.iter_chunked(17):
        pass


async def whole(response: aiohttp.ClientResponse) -> None:
    assert (await response.text()).endswith("data: [DONE]\n\n")


@pytest.mark.parametrize("read", [by_lines, by_chunks, whole], ids=lambda read: read.__name__)
def test_whole_stream(
    read: Callable[[aiohttp.ClientResponse], Coroutine[Any, Any, None]], server: ScriptedServer, telemetry: Telemetry
) -> None:
    """A stream read in any way has usage, cost, times and the address it went to."""
    server.script.append(WHOLE)

    async def call() -> None:
        async with asked(server) as response:
            await read(response)

    run(call())
    found = telemetry.attributes()
    assert ends(telemetry) == (None, "UNSET", None)
    assert (found[attr.INPUT_TOKENS], found[attr.OUTPUT_TOKENS], found[attr.CHUNK_COUNT]) == (20, 4, 6)
    assert found[attr.COST_STATE] == "computed"
    assert (found[attr.SERVER_ADDRESS], found[attr.SERVER_PORT]) == ("127.0.0.1", server.port)
    assert 0 < found[attr.TIME_TO_FIRST_CHUNK] <= found[attr.TIME_TO_FIRST_TOKEN]


def test_stream_closed_early(server: ScriptedServer, telemetry: Telemetry) -> None:
    """Leaving an `async with` before the end is a cancelled call, with estimated usage."""
    server.script.append(HANGING)

    async def call() -> None:
        async with asked(server) as response:
            await response.content.readline()

    run(call())
    assert ends(telemetry) == ("cancelled", "UNSET", None)
    assert telemetry.attributes()[attr.USAGE_ESTIMATED] is True


def test_task_cancelled(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A task that is cancelled while it reads ends the call as cancelled."""
    server.script.append(HANGING)

    async def call() -> None:
        async with asyncio.timeout(0.1), asked(server) as response:
            await by_lines(response)

    with pytest.raises(TimeoutError):
        run(call())
    assert ends(telemetry) == ("cancelled", "UNSET", None)


def test_task_cancelled_before_an_answer(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A call cancelled before its answer began gave the application nothing: cancelled, and an error."""
    server.hold = True

    async def call() -> None:
        async with asyncio.timeout(0.1), asked(server):
            pass

    with pytest.raises(TimeoutError):
        run(call())
    assert ends(telemetry) == ("cancelled", "ERROR", "CancelledError")


@pytest.mark.parametrize(
    ("timeout", "error"),
    [(aiohttp.ClientTimeout(total=0.1), "TimeoutError"), (aiohttp.ClientTimeout(sock_read=0.1), "SocketTimeoutError")],
)
def test_provider_falls_silent(
    timeout: aiohttp.ClientTimeout, error: str, server: ScriptedServer, telemetry: Telemetry
) -> None:
    """The library's own timeouts in the middle of a stream are failures."""
    server.script.append(HANGING)

    async def call() -> None:
        async with asked(server, timeout=timeout) as response:
            await by_lines(response)

    with pytest.raises(TimeoutError):
        run(call())
    assert ends(telemetry) == ("error", "ERROR", error)


def test_connection_lost(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A stream that breaks off is a failed call."""
    server.script.append(Answer([WORD, Act.CUT], headers=SSE))

    async def call() -> None:
        async with asked(server) as response:
            await by_lines(response)

    with pytest.raises(aiohttp.ClientPayloadError):
        run(call())
    assert ends(telemetry) == ("error", "ERROR", "ClientPayloadError")


def test_nobody_answers(telemetry: Telemetry) -> None:
    """A connection that cannot be made is a failed call without an answer."""
    with scripted() as gone:
        pass

    async def call() -> None:
        async with asked(gone):
            pass

    with pytest.raises(aiohttp.ClientConnectorError):
        run(call())
    assert ends(telemetry) == (None, "ERROR", "ClientConnectorError")


def test_stream_let_go_of(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A response that is dropped unread is an abandoned call."""
    server.script.append(HANGING)

    async def call() -> None:
        async with aiohttp.ClientSession() as session:
            response = await session.post(server.url + PATH, json=BODY)
            await response.content.readline()
            del response
            gc.collect()

    run(call())
    assert ends(telemetry) == ("abandoned", "UNSET", None)


def test_refused_call(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A refusal has the provider's own name for it and no cost, also where the library raises it."""
    refusal = b'{"error": {"code": "context_length_exceeded", "message": "Too long."}}'
    server.script.append(Answer([refusal], 400))

    async def call() -> None:
        async with asked(server) as response:
            await response.read()
            response.raise_for_status()

    with pytest.raises(aiohttp.ClientResponseError):
        run(call())
    assert ends(telemetry) == (None, "ERROR", "context_length_exceeded")
    assert attr.COST_STATE not in telemetry.attributes()


def test_base_url_of_a_session(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A path alone is resolved against the session's base, as the library does."""
    server.script.append(WHOLE)

    async def call() -> None:
        base = f"{server.url}/v1/"
        async with aiohttp.ClientSession(base) as session, session.post("chat/completions", json=BODY) as response:
            await response.read()

    run(call())
    assert telemetry.attributes()[attr.OUTPUT_TOKENS] == 4


def test_calls_at_once_are_told_apart(server: ScriptedServer, telemetry: Telemetry) -> None:
    """Many calls over one session are a span each, under the span that was current where each was made."""
    server.repeat = WHOLE
    tracer = telemetry.tracers.get_tracer("app")

    async def one(session: aiohttp.ClientSession) -> None:
        with tracer.start_as_current_span("app"):
            async with session.post(server.url + PATH, json=BODY) as response:
                await response.read()

    async def call() -> None:
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(one(session) for _ in range(8)))

    run(call())
    calls = [span for span in telemetry.spans() if span.name != "app"]
    assert [(s.attributes or {})[attr.OUTPUT_TOKENS] for s in calls] == [4] * 8
    assert len({span.context.trace_id for span in calls if span.context and span.parent}) == 8


def test_other_requests_leave_nothing(server: ScriptedServer, telemetry: Telemetry) -> None:
    """Other paths and methods are not recorded."""
    server.repeat = Answer([b"{}"])

    async def call() -> None:
        async with aiohttp.ClientSession(server.url) as session:
            await (await session.get(PATH)).read()
            await (await session.post("/v1/files", json=BODY)).read()

    run(call())
    assert telemetry.spans() == []
