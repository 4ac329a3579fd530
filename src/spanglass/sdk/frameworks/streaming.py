"""Bodies that are made while they are sent, as a streamed answer is: they are made in the context of their request.

OpenTelemetry's instrumentations of Django and Flask end a request's span, and its context, when the first byte is about
to leave; a call to a model that the body makes would be a trace of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import TypeVar

from opentelemetry.context import Context, attach, detach

T = TypeVar("T")
R = TypeVar("R")


class StreamedIn(Iterator[T]):
    """A body whose parts are made in a context.

    Args:
        body: The body.
        context: The context.
    """

    def __init__(self, body: Iterable[T], context: Context) -> None:
        self._body = body
        self._parts = iter(body)
        self._context = context

    def __next__(self) -> T:
        return self._run(self._parts.__next__)

    def close(self) -> None:
        """Close the body, also in the context: a generator's last lines run then."""
        close: Callable[[], None] | None = getattr(self._body, "close", None)
        if close is not None:
            self._run(close)

    def _run(self, function: Callable[[], R]) -> R:
        token = attach(self._context)
        try:
            return function()
        finally:
            detach(token)


async def streamed_in(body: AsyncIterator[T], context: Context) -> AsyncIterator[T]:
    """Give the parts of an asynchronous body, each made in a context.

    Args:
        body: The body.
        context: The context.
    """
    try:
        while True:
            token = attach(context)
            try:
                part = await anext(body)
            except StopAsyncIteration:
                return
            finally:
                detach(token)
            yield part
    finally:
        close: Callable[[], Awaitable[object]] | None = getattr(body, "aclose", None)
        if close is not None:
            await close()
