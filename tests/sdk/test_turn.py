"""Turns over sockets: in process as snapshots, and with real servers, a real client and the real Django Channels."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import openai
import pytest
from inline_snapshot import snapshot
from openai import AsyncOpenAI
from opentelemetry import trace
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_async
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from app_server import app_server
from otlp_receiver import environment, receiver, values
from spanglass.sdk.turn import turn
from spanglass.standin.provider import create_app
from spanglass.standin.scenario import HEADER
from spanglass.standin.serve import serving
from spanglass.testing import capture

HANDSHAKE = {"type": "websocket", "headers": [(b"traceparent", b"00-" + b"1" * 32 + b"-" + b"2" * 16 + b"-01")]}


def test_each_turn_is_a_trace_of_its_own_for_its_session() -> None:
    """Two turns within the span of one connection are two traces, linked to it, and what is inside is theirs."""
    tracer = trace.get_tracer("app")
    with capture() as seen:
        with tracer.start_as_current_span("connection"):
            for number in ("one", "two"):
                with turn("chat", session_id="s-1", conversation_id=number), tracer.start_as_current_span(number):
                    pass
        told = [
            (span["name"], span["trace"], span["parent"], span["kind"], span["attributes"], span.get("links"))
            for span in seen.spans()
        ]
        measured = seen.metrics()
    assert told == snapshot(
        [
            ("connection", 1, None, "INTERNAL", {}, None),
            (
                "turn chat",
                2,
                None,
                "SERVER",
                {"gen_ai.conversation.id": "one", "session.id": "s-1", "spanglass.turn.name": "chat"},
                [{"trace": 1, "span": 1}],
            ),
            ("one", 2, 2, "INTERNAL", {"session.id": "s-1"}, None),
            (
                "turn chat",
                3,
                None,
                "SERVER",
                {"gen_ai.conversation.id": "two", "session.id": "s-1", "spanglass.turn.name": "chat"},
                [{"trace": 1, "span": 1}],
            ),
            ("two", 3, 4, "INTERNAL", {"session.id": "s-1"}, None),
        ]
    )
    assert measured == snapshot(
        {"spanglass.turn.duration": [{"labels": {"spanglass.turn.name": "chat"}, "count": 2, "sum": 6.0}]}
    )


def test_the_other_side_s_trace_is_linked_too() -> None:
    """Headers of the handshake name a span of the browser's; without anything current it is the only link."""
    with capture() as seen:
        with turn("chat", connection=HANDSHAKE):
            pass
        (span,) = seen.spans()
    assert (span["parent"], span["links"]) == (None, [{"trace": "outside", "span": "outside"}])


def test_functions_of_every_kind_can_be_turns() -> None:
    """As a decorator it takes functions, coroutine functions and async generators; names default to theirs."""

    @turn
    def plain() -> int:
        return 1

    @turn("named", session_id="s-1")
    async def coroutine() -> int:
        return 2

    @turn
    async def tokens() -> Any:  # noqa: ANN401 - an async generator, as frameworks take them
        yield 3

    async def read() -> list[int]:
        return [plain(), await coroutine(), *[token async for token in tokens()]]

    with capture() as seen:
        assert asyncio.run(read()) == [1, 2, 3]
        assert [(span["name"], span["trace"]) for span in seen.spans()] == [
            ("turn plain", 1),
            ("turn named", 2),
            ("turn tokens", 3),
        ]


def test_what_a_turn_raises_is_its_error_and_passes() -> None:
    """The span tells the error, the metric its type; a cancelled turn has not failed."""

    async def cancelled() -> None:
        with turn("left"):
            raise asyncio.CancelledError

    with capture() as seen:
        with pytest.raises(ZeroDivisionError), turn("chat"):
            raise ZeroDivisionError
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(cancelled())
        failed, left = seen.spans()
        labels = [point["labels"] for point in seen.metrics()["spanglass.turn.duration"]]
    assert (failed["status"], failed["attributes"]["error.type"]) == ("ERROR", "ZeroDivisionError")
    assert "status" not in left
    assert labels == [
        {"error.type": "ZeroDivisionError", "spanglass.turn.name": "chat"},
        {"spanglass.turn.name": "left"},
    ]


class Unloaded:
    """A user whose text takes a database that is gone."""

    def __str__(self) -> str:
        raise ConnectionError


def test_a_user_without_text_does_not_keep_the_block_from_running() -> None:
    """What is given as an id may be any object of the application's, and its own code may fail."""
    ran = []
    user: Any = Unloaded()
    with capture(), turn("chat", user_id=user):
        ran.append("block")
    assert ran == ["block"]


def test_without_init_it_does_nothing() -> None:
    """Before `init` the block runs, and nothing is current in it."""
    with turn("chat"):
        assert not trace.get_current_span().get_span_context().is_valid


def test_a_plain_socket_has_a_trace_a_turn() -> None:
    """With the `websockets` library alone: answers stream to the socket inside their turn, errors end neither."""

    async def chat(connection: ServerConnection) -> None:
        async with AsyncOpenAI(base_url=provider, api_key="k") as client:
            async for text in connection:
                with suppress(openai.NotFoundError):
                    async with turn("chat", session_id=str(connection.id), connection=connection.request.headers):  # type: ignore[union-attr] # there is one once it is open
                        await stream(client, str(text), connection)
                await connection.send("[done]")

    async def stream(client: AsyncOpenAI, text: str, connection: ServerConnection) -> None:
        chunks = await client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[{"role": "user", "content": text}],
            stream=True,
            extra_headers={HEADER: "model-not-found"} if text == "fail" else None,
        )
        async for chunk in chunks:
            await connection.send(chunk.model_dump_json())

    async def talk() -> list[int]:
        async with serve(chat, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with connect_async(f"ws://127.0.0.1:{port}") as connection:
                return [await turn_of(connection, text) for text in ("one", "fail", "two")]

    async def turn_of(connection: ClientConnection, text: str) -> int:
        await connection.send(text)
        tokens = 0
        while await connection.recv() != "[done]":
            tokens += 1
        return tokens

    with capture() as seen, serving(create_app()) as provider:
        first, failed, second = asyncio.run(talk())
        spans = seen.spans()
    assert (first > 1, failed, second > 1) == (True, 0, True)
    assert [(span["name"], span["trace"], span["parent"], span.get("status")) for span in spans] == snapshot(
        [
            ("turn chat", 1, None, None),
            ("chat gpt-4o-mini", 1, 1, None),
            ("turn chat", 2, None, "ERROR"),
            ("chat gpt-4o-mini", 2, 3, "ERROR"),
            ("turn chat", 3, None, None),
            ("chat gpt-4o-mini", 3, 5, None),
        ]
    )
    assert len({span["attributes"]["session.id"] for span in spans}) == 1


CHANNELS = """
import json, os, spanglass
spanglass.init(service_name="chat")
from django.conf import settings
settings.configure(SECRET_KEY="x", ALLOWED_HOSTS=["*"], INSTALLED_APPS=["channels"], DATABASES={}, LOGGING_CONFIG=None)
import django
django.setup()
from channels.generic.websocket import AsyncJsonWebsocketConsumer, JsonWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path
from openai import AsyncOpenAI, OpenAI
import logging

ASK = {"model": "gpt-4o-mini", "stream": True, "stream_options": {"include_usage": True}}

class Chat(spanglass.Turns, AsyncJsonWebsocketConsumer):
    async def receive_json(self, content):
        messages = [{"role": "user", "content": content["text"]}]
        if content["text"] == "fail":
            raise ValueError("no")
        async with AsyncOpenAI() as client:
            async for chunk in await client.chat.completions.create(messages=messages, **ASK):
                if chunk.choices and chunk.choices[0].delta.content:
                    await self.send(text_data=chunk.choices[0].delta.content)
        logging.getLogger("chat").warning("answered")
        await self.send(text_data="[done]")

class SyncChat(spanglass.Turns, JsonWebsocketConsumer):
    def turn(self, text):
        return spanglass.turn("ask", session_id="s-9", user_id=json.loads(text)["user"], connection=self.scope)

    def receive_json(self, content):
        if content["text"] == "fail":
            raise ValueError("no")
        with OpenAI() as client:
            for chunk in client.chat.completions.create(messages=[{"role": "user", "content": "hi"}], **ASK):
                if chunk.choices and chunk.choices[0].delta.content:
                    self.send(text_data=chunk.choices[0].delta.content)
        logging.getLogger("chat").warning("answered")
        self.send(text_data="[done]")

sockets = URLRouter([path("async", Chat.as_asgi()), path("sync", SyncChat.as_asgi())])
application = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": sockets})
"""


FASTAPI = """
import spanglass
spanglass.init(service_name="chat")
from fastapi import FastAPI, WebSocket
from openai import AsyncOpenAI

application = FastAPI()

@application.websocket("/chat")
async def chat(connection: WebSocket):
    await connection.accept()
    async with AsyncOpenAI() as client:
        async for text in connection.iter_text():
            async with spanglass.turn("chat", session_id="s-1", connection=connection.scope):
                messages = [{"role": "user", "content": text}]
                async for chunk in await client.chat.completions.create(
                    model="gpt-4o-mini", messages=messages, stream=True
                ):
                    await connection.send_text(chunk.model_dump_json())
                await connection.send_text("[done]")
"""


@contextmanager
def chat_server(command: str, program: str, folder: Path, variables: dict[str, str]) -> Iterator[int]:
    """Run one of the applications above in a real server."""
    (folder / "chat_app.py").write_text(program)
    with app_server(command, folder / "chat_app.py", variables, unwanted="Failed to detach") as port:
        yield port


def ask(connection: Any, text: str) -> str:  # noqa: ANN401 - a connection of websockets
    """Send one message and read its answer to the end."""
    connection.send(json.dumps({"text": text, "user": "u-7"}))
    answer = ""
    while (token := connection.recv(timeout=20)) != "[done]":
        answer += token
    return answer


def connected(url: str) -> Any:  # noqa: ANN401 - a connection of websockets
    """Connect as soon as the server listens."""
    end = time.monotonic() + 20
    while True:
        try:
            return connect(url, additional_headers={"traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"})
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


@pytest.mark.parametrize("route", ["async", "sync"])
@pytest.mark.parametrize(
    "command",
    ["daphne --verbosity 0 --port {port} chat_app:application", "uvicorn --port {port} chat_app:application"],
    ids=["daphne", "uvicorn"],
)
def test_a_channels_consumer_has_a_trace_a_turn(command: str, route: str, tmp_path: Path) -> None:
    """Two turns on one socket are two traces with their call to a model inside; the one that fails says so."""
    with receiver() as seen, serving(create_app()) as provider:
        variables = environment(seen.endpoint, OPENAI_BASE_URL=provider, OPENAI_API_KEY="k")
        server = chat_server(command, CHANNELS, tmp_path, variables)
        with server as port, connected(f"ws://127.0.0.1:{port}/{route}") as chat:
            assert ask(chat, "one")
            assert ask(chat, "two")
            chat.send(json.dumps({"text": "fail", "user": "u-7"}))
            with pytest.raises(ConnectionClosed):
                chat.recv(timeout=20)
        spans = [span for _, span in seen.spans()]
        turns = [span for span in spans if span.name.startswith("turn ")]
        calls = [span for span in spans if span.name.startswith("chat ")]
        assert len(spans) == len(turns) + len(calls) == 5
        assert [(span.kind, span.parent_span_id, len(span.links)) for span in turns] == [(2, b"", 1)] * 3
        assert {span.links[0].trace_id.hex() for span in turns} == {"1" * 32}
        assert len({span.trace_id for span in turns}) == 3
        assert [(call.trace_id, call.parent_span_id) for call in calls] == [
            (span.trace_id, span.span_id) for span in turns[:2]
        ]
        assert [span.status.code for span in turns] == [0, 0, 2]
        told = [values(span.attributes) for span in spans]
        assert len({attributes["session.id"] for attributes in told}) == 1
        assert [record.trace_id for name, record in seen.logs() if name == "chat"] == [s.trace_id for s in turns[:2]]
        if route == "sync":
            assert {(attributes["session.id"], attributes["user.id"]) for attributes in told} == {("s-9", "u-7")}


def test_a_fastapi_socket_has_a_trace_a_turn(tmp_path: Path) -> None:
    """With FastAPI as spanglass switches it on, the connection and its single messages are no spans; turns are."""
    with receiver() as seen, serving(create_app()) as provider:
        variables = environment(seen.endpoint, OPENAI_BASE_URL=provider, OPENAI_API_KEY="k")
        server = chat_server("uvicorn --port {port} chat_app:application", FASTAPI, tmp_path, variables)
        with server as port, connected(f"ws://127.0.0.1:{port}/chat") as chat:
            assert [bool(ask(chat, text)) for text in ("one", "two")] == [True, True]
        spans = [span for _, span in seen.spans()]
        assert sorted(span.name for span in spans) == ["chat gpt-4o-mini"] * 2 + ["turn chat"] * 2
        assert len({span.trace_id for span in spans}) == 2
        assert {values(span.attributes)["session.id"] for span in spans} == {"s-1"}
