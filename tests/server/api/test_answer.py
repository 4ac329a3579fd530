"""How an answer reaches its reader."""

import asyncio

from starlette.types import Message

from spanglass.server.api.answer import Answer

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
