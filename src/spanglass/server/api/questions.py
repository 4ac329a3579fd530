"""How the store is asked without holding up the event loop: a few threads, bounded waiting, large answers in turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from typing import TypeVar

import msgspec

from spanglass.cost.table import PriceTable
from spanglass.errors import Overloaded
from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import Asked
from spanglass.server.store.protocol import Store

_AT_ONCE = 4
_WAITING = 64
_LARGE_AT_ONCE = 3
"""Large answers held in memory until their readers have them."""
_LASTING_AT_ONCE = _LARGE_AT_ONCE - 1
"""Of those, answers that may be read for hours; what is left is for people who wait."""
_T = TypeVar("_T")


class Questions:
    """Asks the store in a few threads, so that neither a slow question nor many of them hold up anything else."""

    def __init__(self, store: Store, prices: PriceTable | None = None) -> None:
        """Start the threads.

        Args:
            store: What is asked.
            prices: The prices in force; the built-in table by default.
        """
        self.prices = prices
        self._store = store
        self._threads = ThreadPoolExecutor(_AT_ONCE, "spanglass-query")
        self._large = ThreadPoolExecutor(1, "spanglass-query-large")
        self._checks = ThreadPoolExecutor(1, "spanglass-check")
        self._room = asyncio.Semaphore(_LARGE_AT_ONCE)
        self._lasting = 0
        self._asked = 0

    async def ask(self, endpoint: Endpoint, asked: Asked, part: str) -> bytes:
        """Return an answer as JSON; `sent` must be called once it is not held any more.

        Raises:
            QueryError: It cannot be asked as it stands.
            Overloaded: Too many questions wait already.
            StoreUnavailable: The store cannot answer.
        """
        if not endpoint.large:
            return await self.read(lambda store: _answer(endpoint, store, asked, part))
        await self._enter()
        try:
            return await self._in_turn(lambda: _answer(endpoint, self._store, asked, part))
        except BaseException:
            self._room.release()
            raise

    def sent(self, endpoint: Endpoint) -> None:
        """Make room for the next answer."""
        if endpoint.large:
            self._room.release()

    async def read(self, question: Callable[[Store], _T]) -> _T:
        """Return what a question that is no endpoint's answers; it runs in a thread.

        Raises:
            Overloaded: Too many questions wait already.
            SpanglassError: What the question raises.
        """
        self._demand_place()
        self._asked += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, question, self._store)
        finally:
            self._asked -= 1

    async def lasting(self, question: Callable[[Store], Generator[bytes, None, None]]) -> AsyncGenerator[bytes, None]:
        """Yield the pieces of an answer that may be read for hours, of which there are never more than two.

        Raises:
            Overloaded: There are two already.
            SpanglassError: As for `pieces`.
        """
        if self._lasting >= _LASTING_AT_ONCE:
            raise Overloaded(
                f"{_LASTING_AT_ONCE} exports are being read already; ask again when one has ended.", retry_after_s=10
            )
        self._lasting += 1
        try:
            async with aclosing(self.pieces(question)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            self._lasting -= 1

    async def pieces(self, question: Callable[[Store], Generator[bytes, None, None]]) -> AsyncGenerator[bytes, None]:
        """Yield an answer that is made a piece at a time, each in a thread when the reader has taken the one before.

        Raises:
            Overloaded: Too many questions wait already.
            SpanglassError: What the question raises; after the first piece the answer can only be cut.
        """
        await self._enter()
        try:
            made = question(self._store)
            try:
                while (piece := await self._in_turn(lambda: next(made, None))) is not None:
                    yield piece
            finally:
                with suppress(RuntimeError):  # the threads have been told to end
                    self._large.submit(made.close)  # behind what may still run
        finally:
            self._room.release()

    async def size(self) -> int:
        """Return the bytes that the store holds on disk; slow questions do not hold this up.

        Raises:
            StoreError: The store cannot say.
        """
        return await asyncio.get_running_loop().run_in_executor(self._checks, self._store.size)

    def close(self) -> None:
        """Let the threads end; running questions end when the store closes."""
        for threads in (self._threads, self._large, self._checks):
            threads.shutdown(wait=False, cancel_futures=True)

    async def _enter(self) -> None:
        """Wait until there is room for one more large answer.

        Raises:
            Overloaded: Too many wait already.
        """
        self._demand_place()
        self._asked += 1
        try:
            await self._room.acquire()
        finally:
            self._asked -= 1

    def _demand_place(self) -> None:
        if self._asked >= _WAITING:
            raise Overloaded("Too many questions are being answered; ask again in a moment.", retry_after_s=1)

    async def _in_turn(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._large, work)


def _answer(endpoint: Endpoint, store: Store, asked: Asked, part: str) -> bytes:
    return msgspec.json.encode(endpoint.ask(store, asked, part))
