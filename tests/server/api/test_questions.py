"""How questions that are no endpoints are asked: in threads, a piece at a time, and never holding a place for good."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Generator, Iterator
from typing import Any

import pytest

from records import batch, span
from spanglass.errors import Overloaded, QueryError
from spanglass.server.api.questions import Questions
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.protocol import Store

MORE_THAN_THERE_IS_ROOM = 8


@pytest.fixture
def store() -> Iterator[DuckDBStore]:
    """Return a store with one span."""
    opened = DuckDBStore(None)
    opened.write([batch(span())])
    yield opened
    opened.close()


def run(store: Store, main: Callable[[Questions], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine with questions, for ten seconds at most."""

    async def bounded() -> None:
        questions = Questions(store)
        async with asyncio.timeout(10):
            await main(questions)
        questions.close()

    asyncio.run(bounded())


def spans(store: Store) -> int:
    """Ask how many spans there are."""
    return len(store.select("SELECT span_id FROM spans", {}))


def test_a_question_is_asked_in_a_thread(store: DuckDBStore) -> None:
    """The event loop is free meanwhile, and errors come back as they are."""

    def fails(_: Store) -> int:
        raise QueryError("It cannot be asked.")

    async def main(questions: Questions) -> None:
        assert await questions.read(spans) == 1
        assert await questions.read(lambda _: threading.current_thread()) is not threading.current_thread()
        with pytest.raises(QueryError):
            await questions.read(fails)

    run(store, main)


def test_pieces_come_in_order_and_make_room_at_the_end(store: DuckDBStore) -> None:
    """One answer after the other is read whole, more than there is room for at once."""

    def pieces(asked: Store) -> Generator[bytes, None, None]:
        for number in range(3):
            yield b"%d/%d" % (number, spans(asked))

    async def main(questions: Questions) -> None:
        for _ in range(MORE_THAN_THERE_IS_ROOM):
            assert [piece async for piece in questions.pieces(pieces)] == [b"0/1", b"1/1", b"2/1"]

    run(store, main)


def test_an_answer_that_is_left_makes_room_and_is_closed(store: DuckDBStore) -> None:
    """A reader that goes away after the first piece holds neither a place nor what makes the rest."""
    closed: list[int] = []

    def pieces(_: Store) -> Generator[bytes, None, None]:
        try:
            while True:
                yield b"more"
        finally:
            closed.append(1)

    def one(_: Store) -> Generator[bytes, None, None]:
        yield b"one"

    async def main(questions: Questions) -> None:
        for _ in range(MORE_THAN_THERE_IS_ROOM):
            answer = questions.pieces(pieces)
            assert await anext(answer) == b"more"
            await answer.aclose()
        assert [piece async for piece in questions.pieces(one)] == [b"one"]  # made behind the closing of the others
        assert len(closed) == MORE_THAN_THERE_IS_ROOM

    run(store, main)


def test_an_answer_that_cannot_be_made_makes_room(store: DuckDBStore) -> None:
    """Before its first piece, or after it."""

    def fails(after: int) -> Callable[[Store], Generator[bytes, None, None]]:
        def pieces(_: Store) -> Generator[bytes, None, None]:
            yield from [b"piece"] * after
            raise QueryError("It took too long.")

        return pieces

    async def main(questions: Questions) -> None:
        for number in range(MORE_THAN_THERE_IS_ROOM):
            with pytest.raises(QueryError):
                assert [piece async for piece in questions.pieces(fails(number % 2))] == []

    run(store, main)


def test_exports_leave_room_for_people_who_wait(store: DuckDBStore) -> None:
    """Two answers that are read for hours hold up no other; a third is refused until one of them has ended."""

    def pieces(_: Store) -> Generator[bytes, None, None]:
        while True:
            yield b"more"

    def one(_: Store) -> Generator[bytes, None, None]:
        yield b"one"

    async def main(questions: Questions) -> None:
        slow = [questions.lasting(pieces) for _ in range(2)]
        assert [await anext(answer) for answer in slow] == [b"more", b"more"]
        for _ in range(MORE_THAN_THERE_IS_ROOM):
            with pytest.raises(Overloaded, match="2 exports are being read"):
                await anext(questions.lasting(one))
        assert [piece async for piece in questions.pieces(one)] == [b"one"]
        await slow[0].aclose()
        assert [piece async for piece in questions.lasting(one)] == [b"one"]
        await slow[1].aclose()

    run(store, main)
