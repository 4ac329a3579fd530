"""How an answer reaches its reader."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from starlette.types import Message

from spanglass.errors import StoreUnavailable
from spanglass.server.api.answer import Answer, Streamed

SCOPE = {"type": "http"}


async def receive() -> Message:
    """Nothing comes from the reader."""
    raise AssertionError


def test_an_answer_comes_whole_in_pieces_between_which_others_run() -> None:
    """The pieces make up the body, the last says so, and the loop is free after each."""
    body = bytes(range(256)) * 4096
    ran = 0
    done: list[bool] = []
    messages: list[tuple[Message, int]] = []

    async def send(message: Message) -> None:
        messages.append((message, ran))

    async def other() -> None:
        nonlocal ran
        while not done:
            ran += 1
            await asyncio.sleep(0)

    async def main() -> None:
        beside = asyncio.create_task(other())
        await Answer(body, sent=lambda: done.append(True))(SCOPE, receive, send)
        await beside

    asyncio.run(main())
    (start, _), *pieces = messages

    assert (start["status"], dict(start["headers"])[b"content-length"]) == (200, str(len(body)).encode())
    assert b"".join(piece["body"] for piece, _ in pieces) == body
    assert [piece["more_body"] for piece, _ in pieces] == [True] * 3 + [False]
    assert len({ran_before for _, ran_before in pieces}) == 4
    assert done == [True]


def test_a_reader_that_stops_is_let_go() -> None:
    """What is held for it is given free after a while, and no more is sent."""
    done: list[bool] = []
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) == 3:
            await asyncio.Event().wait()

    asyncio.run(Answer(bytes(1024 * 1024), sent=lambda: done.append(True), stalled_s=0.05)(SCOPE, receive, send))

    assert (len(sent), sent[-1]["more_body"], done) == (3, True, [True])


async def stays() -> Message:
    """The reader says nothing, and does not go."""
    await asyncio.Event().wait()
    raise AssertionError


class Making:
    """An answer while it is made: two further pieces, then perhaps a failure."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.closed = False
        self._failure = failure

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield them, and note the end."""
        try:
            yield b"two"
            yield b"three"
            if self._failure is not None:
                raise self._failure
        finally:
            self.closed = True


def test_an_answer_is_sent_while_it_is_made() -> None:
    """Its length is not known before, and its end is told."""
    making, sent = Making(), list[Message]()

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Streamed(b"one", making.pieces())(SCOPE, stays, send))

    assert b"content-length" not in dict(sent[0]["headers"])
    assert [(piece["body"], piece["more_body"]) for piece in sent[1:]] == [
        (b"one", True),
        (b"two", True),
        (b"three", True),
        (b"", False),
    ]
    assert making.closed


def test_an_answer_whose_making_fails_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    """Its end is never told, so that nobody takes it for a whole one; the log says why."""
    making, sent = Making(StoreUnavailable("It is gone.")), list[Message]()

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Streamed(b"one", making.pieces())(SCOPE, stays, send))

    assert [piece["more_body"] for piece in sent[1:]] == [True, True, True]
    assert "It is gone." in caplog.text


def test_a_reader_that_stops_ends_the_making() -> None:
    """What is made for it is closed after a while."""
    making, sent = Making(), list[Message]()

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) == 3:
            await asyncio.Event().wait()

    asyncio.run(Streamed(b"one", making.pieces(), stalled_s=0.05)(SCOPE, stays, send))

    assert (len(sent), sent[-1]["more_body"], making.closed) == (3, True, True)


def test_what_nobody_waits_for_is_not_made() -> None:
    """A reader that has gone, as Grafana does when its user goes on, gets no more pieces."""
    making, sent = Making(), list[Message]()

    async def leaves() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        await asyncio.sleep(0)

    asyncio.run(Streamed(b"one", making.pieces())(SCOPE, leaves, send))

    assert [piece["body"] for piece in sent[1:]] == [b"one"]
    assert making.closed
