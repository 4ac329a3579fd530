"""However a streamed answer ends, its span ends once, with what was received and why it ended."""

import asyncio
import gc
from types import ModuleType
from typing import Any

import httpx
import httpx2
import openai
import pytest

from scripted import Act, Answer, ScriptedServer
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics
from telemetry import Telemetry

MODEL = "gpt-4o-mini"
QUESTION: Any = [{"role": "user", "content": "Say hello to everybody who is here, one after the other."}]
SSE = {"content-type": "text/event-stream"}


def event(delta: str, finish: str = "null") -> bytes:
    """Return one event of a chat stream."""
    return (
        b'data: {"id":"c-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini-2024-07-18",'
        b'"choices":[{"index":0,"delta":%b,"finish_reason":%b}],"usage":null}\n\n' % (delta.encode(), finish.encode())
    )


USAGE = (
    b'data: {"id":"c-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini-2024-07-18","choices":[],'
    b'"usage":{"prompt_tokens":20,"completion_tokens":4,"total_tokens":24}}\n\n'
)
ROLE = event('{"role":"assistant","content":""}')
WORDS = [event('{"content":"Hello "}') for _ in range(4)]
STOP = event("{}", '"stop"')
DONE = b"data: [DONE]\n\n"
WHOLE = Answer([ROLE, *WORDS, STOP, USAGE, DONE], headers=SSE)
HANGING = Answer([ROLE, *WORDS[:2], Act.WAIT], headers=SSE)


def client(server: ScriptedServer) -> openai.OpenAI:
    """The real client."""
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key="made-up", max_retries=0)


def async_client(server: ScriptedServer) -> openai.AsyncOpenAI:
    """The real asynchronous client."""
    return openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="made-up", max_retries=0)


def open_stream(made: openai.OpenAI) -> openai.Stream[Any]:
    """Ask for a stream that reports usage."""
    return made.chat.completions.create(
        model=MODEL, messages=QUESTION, stream=True, stream_options={"include_usage": True}
    )


async def open_async_stream(made: openai.AsyncOpenAI) -> openai.AsyncStream[Any]:
    """Ask for a stream that reports usage."""
    return await made.chat.completions.create(
        model=MODEL, messages=QUESTION, stream=True, stream_options={"include_usage": True}
    )


def ends(telemetry: Telemetry) -> tuple[object, object, object]:
    """Return how the one span says its answer ended, its status and its error."""
    span = telemetry.span()
    found = telemetry.attributes()
    return found.get(attr.STREAM_END), span.status.status_code.name, found.get(attr.ERROR_TYPE)


def test_whole_stream_has_the_recorded_usage(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A stream read to its end has the provider's usage, its cost and its times, and is not incomplete."""
    server.script.append(WHOLE)
    with client(server) as made:
        assert "".join(c.choices[0].delta.content or "" for c in open_stream(made) if c.choices) == "Hello " * 4
    found = telemetry.attributes()
    assert ends(telemetry) == (None, "UNSET", None)
    assert (found[attr.INPUT_TOKENS], found[attr.OUTPUT_TOKENS]) == (20, 4)
    assert found[attr.COST_STATE] == "computed"
    assert attr.USAGE_ESTIMATED not in found
    assert 0 < found[attr.TIME_TO_FIRST_CHUNK] <= found[attr.TIME_TO_FIRST_TOKEN]
    assert found[attr.REQUEST_STREAM] is True


def test_async_stream_drained_by_the_client_counts_once(server: ScriptedServer, telemetry: Telemetry) -> None:
    """The asynchronous client reads the rest of the connection by a second iteration; nothing is counted twice."""
    server.script.append(WHOLE)

    async def read() -> None:
        async with async_client(server) as made:
            assert [chunk async for chunk in await open_async_stream(made)]

    asyncio.run(read())
    found = telemetry.attributes()
    assert ends(telemetry) == (None, "UNSET", None)
    assert (found[attr.INPUT_TOKENS], found[attr.OUTPUT_TOKENS], found[attr.CHUNK_COUNT]) == (20, 4, 7)


def test_usage_missing_from_a_stream_is_estimated(server: ScriptedServer, telemetry: Telemetry) -> None:
    """Without `include_usage` the provider counts nothing: tokens and cost are estimated and say so."""
    server.script.append(Answer([ROLE, *WORDS, STOP, DONE], headers=SSE))
    with client(server) as made:
        list(made.chat.completions.create(model=MODEL, messages=QUESTION, stream=True))
    found = telemetry.attributes()
    assert found[attr.USAGE_ESTIMATED] is True
    assert found[attr.COST_STATE] == "estimated"
    assert found[attr.OUTPUT_TOKENS] == 6  # 24 characters
    assert attr.STREAM_INCOMPLETE not in found


def test_break_is_a_cancelled_stream(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A consumer that stops early and closes ends the span as cancelled, not as failed, with estimated usage."""
    server.script.append(HANGING)
    with client(server) as made, open_stream(made) as stream:
        for chunk in stream:
            if chunk.choices[0].delta.content:
                break
    assert ends(telemetry) == ("cancelled", "UNSET", None)
    found = telemetry.attributes()
    assert found[attr.STREAM_INCOMPLETE] is True
    assert found[attr.USAGE_ESTIMATED] is True
    assert found[attr.FINISH_REASONS] == ("error",)


def test_exception_in_the_consumer_is_a_cancelled_stream(server: ScriptedServer, telemetry: Telemetry) -> None:
    """What the application raises while it reads is not a failure of the call."""
    server.script.append(HANGING)

    def read() -> None:
        with client(server) as made, open_stream(made) as stream:
            for _ in stream:
                raise LookupError

    with pytest.raises(LookupError):
        read()
    assert ends(telemetry) == ("cancelled", "UNSET", None)


def test_task_cancelled_in_mid_stream(server: ScriptedServer, telemetry: Telemetry) -> None:
    """Cancelling the task that reads ends the span as cancelled, and the cancellation goes through."""
    server.script.append(HANGING)

    async def read() -> None:
        async with async_client(server) as made:
            stream = await open_async_stream(made)
            async with asyncio.timeout(0.1):
                async for _ in stream:
                    pass

    with pytest.raises(TimeoutError):
        asyncio.run(read())
    assert ends(telemetry) == ("cancelled", "UNSET", None)


def test_task_cancelled_before_an_answer(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A call cancelled before its answer began gave the application nothing: cancelled, and an error."""
    server.hold = True

    async def ask() -> None:
        async with async_client(server) as made, asyncio.timeout(0.1):
            await open_async_stream(made)

    with pytest.raises(TimeoutError):
        asyncio.run(ask())
    assert ends(telemetry) == ("cancelled", "ERROR", "CancelledError")
    assert attr.COST_STATE not in telemetry.attributes()


def test_abandoned_stream_ends_when_it_is_collected(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A stream let go of without a close ends at the next flush, as abandoned, with the time it was let go of."""
    server.script.append(HANGING)
    made = client(server)
    next(open_stream(made))
    gc.collect()
    assert telemetry.spans() == []
    telemetry.recorder.settle()
    assert ends(telemetry) == ("abandoned", "UNSET", None)
    made.close()


def test_abandoned_stream_ends_with_the_next_call(server: ScriptedServer, telemetry: Telemetry) -> None:
    """Whoever makes another call need not flush for an abandoned one to be seen."""
    server.script.extend([HANGING, WHOLE])
    with client(server) as made:
        next(open_stream(made))
        gc.collect()
        list(open_stream(made))
    assert [(s.attributes or {}).get(attr.STREAM_END) for s in telemetry.spans()] == ["abandoned", None]


def test_async_abandoned_stream(server: ScriptedServer, telemetry: Telemetry) -> None:
    """The event loop closes what it collects; the span ends, once."""
    server.script.append(HANGING)

    async def read() -> None:
        made = async_client(server)
        await anext(aiter(await open_async_stream(made)))
        gc.collect()
        await asyncio.sleep(0.05)
        await made.close()

    asyncio.run(read())
    gc.collect()
    telemetry.recorder.settle()
    assert telemetry.attributes()[attr.STREAM_END] in {"abandoned", "cancelled"}


def test_connection_lost_in_mid_stream_is_an_error(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A broken connection fails the call, under the exception's class."""
    server.script.append(Answer([ROLE, *WORDS[:2], Act.CUT], headers=SSE))
    with client(server) as made, pytest.raises(openai.APIConnectionError):
        list(open_stream(made))
    assert ends(telemetry) == ("error", "ERROR", "RemoteProtocolError")
    assert telemetry.attributes()[attr.COST_STATE] == "estimated"


def test_timeout_in_mid_stream_is_an_error(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A provider that falls silent fails the call as a timeout."""
    server.script.append(HANGING)
    with client(server) as made, pytest.raises(openai.APITimeoutError):
        list(open_stream(made.with_options(timeout=0.1)))
    assert ends(telemetry) == ("error", "ERROR", "ReadTimeout")


def test_error_event_in_mid_stream(server: ScriptedServer, telemetry: Telemetry) -> None:
    """An error that a provider sends inside a stream is the call's error, by the provider's name for it."""
    failure = b'data: {"error":{"message":"The server is overloaded.","type":"server_error","code":"overloaded"}}\n\n'
    server.script.append(Answer([ROLE, WORDS[0], failure], headers=SSE))
    with client(server) as made, pytest.raises(openai.APIError):
        list(open_stream(made))
    assert ends(telemetry)[1:] == ("ERROR", "overloaded")
    assert telemetry.attributes()[attr.ERROR_MESSAGE] == "The server is overloaded."


def test_stream_that_stops_without_its_terminal_event(server: ScriptedServer, telemetry: Telemetry) -> None:
    """A stream whose bytes simply stop is incomplete, although the client noticed nothing."""
    server.script.append(Answer([ROLE, *WORDS], headers=SSE))
    with client(server) as made:
        list(open_stream(made))
    assert ends(telemetry)[0] == "error"


@pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__)
def test_hand_written_request_without_any_vendor_client(
    library: ModuleType, server: ScriptedServer, telemetry: Telemetry
) -> None:
    """A request written by hand over the HTTP library is seen as well."""
    server.script.append(WHOLE)
    body = {"model": MODEL, "messages": QUESTION, "stream": True, "stream_options": {"include_usage": True}}
    with (
        library.Client(base_url=server.url) as made,
        made.stream("POST", "/v1/chat/completions", json=body) as response,
    ):
        for line in response.iter_lines():
            if line == "data: [DONE]":
                break
    assert ends(telemetry) == (None, "UNSET", None)
    assert telemetry.attributes()[attr.OUTPUT_TOKENS] == 4


def test_each_ending_is_counted_once(server: ScriptedServer, telemetry: Telemetry) -> None:
    """Closing twice, and collecting afterwards, adds nothing to the metrics of one call."""
    server.script.append(HANGING)
    with client(server) as made:
        stream = open_stream(made)
        next(stream)
        stream.close()
        stream.close()
        stream.response.close()
    del stream
    gc.collect()
    telemetry.recorder.settle()
    assert sum(telemetry.metrics()[metrics.OPERATION_DURATION.name].values()) == 1
    assert sum(telemetry.metrics()[metrics.OPERATION_COST.name].values()) > 0
