"""Blocks of code that are entered by `with` and by `async with` alike; what is done at either end, others say."""

from __future__ import annotations

from types import TracebackType
from typing import Generic, TypeVar

EnteredT = TypeVar("EnteredT")


class Block(Generic[EnteredT]):
    """Lets `async with` do what `with` does; neither waits for anything."""

    __slots__ = ()

    def __enter__(self) -> EnteredT:
        raise NotImplementedError

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> EnteredT:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)
