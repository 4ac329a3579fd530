"""Response streams that let an attempt listen; what they give, raise and close is what the wrapped stream does.

Here are only the halves that hold behaviour: a library's own byte-stream class is mixed in beside, because clients
check for it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import Protocol

from spanglass.sdk.calls.attempt import Attempt
from spanglass.sdk.hooks.asking import Shown


class SyncStream(Protocol):
    """A byte stream of httpx or httpx2."""

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None:
        """Release the connection."""


class AsyncStream(Protocol):
    """An asynchronous byte stream of httpx or httpx2."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None:
        """Release the connection."""


class SyncListening:
    """Passes a stream on and tells an attempt of each chunk and of the end, once.

    Args:
        stream: The library's stream.
        attempt: Who listens.
        shown: What the application is shown of it; None for all.
    """

    def __init__(self, stream: SyncStream, attempt: Attempt, shown: Shown | None = None) -> None:
        self._stream = stream
        self._attempt = attempt
        self._shown = shown

    def __getattr__(self, name: str) -> object:
        if name == "_stream":  # a half-made or copied instance must not ask itself for ever
            raise AttributeError(name)
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[bytes]:
        chunks = iter(self._stream)
        feed, shown = self._attempt.feed, self._shown
        try:
            for chunk in chunks:
                feed(chunk)
                if shown is None:
                    yield chunk
                elif visible := shown.feed(chunk):
                    yield visible
            if shown is not None and (visible := shown.rest()):
                yield visible
        except GeneratorExit:
            # Whoever iterated stopped; that is no end yet, because it may go on or close the response. What was
            # passed on by `yield from` is closed by hand, so that the connection is released as it would have been.
            if isinstance(chunks, Generator):
                chunks.close()
            raise
        except BaseException as error:
            self._attempt.broke(error)
            raise
        self._attempt.ended()

    def close(self) -> None:
        """Close the stream; an answer that is not whole by now is a cancelled one."""
        self._attempt.closed()
        self._stream.close()

    def __del__(self) -> None:
        self._attempt.abandoned()


class AsyncListening:
    """Passes an asynchronous stream on and tells an attempt of each chunk and of the end, once.

    It may be iterated again while an earlier iteration is suspended, as the openai client does to drain a connection.

    Args:
        stream: The library's stream.
        attempt: Who listens.
        shown: What the application is shown of it; None for all.
    """

    def __init__(self, stream: AsyncStream, attempt: Attempt, shown: Shown | None = None) -> None:
        self._stream = stream
        self._attempt = attempt
        self._shown = shown

    def __getattr__(self, name: str) -> object:
        if name == "_stream":  # a half-made or copied instance must not ask itself for ever
            raise AttributeError(name)
        return getattr(self._stream, name)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = self._stream.__aiter__()
        feed, shown = self._attempt.feed, self._shown
        try:
            async for chunk in chunks:
                feed(chunk)
                if shown is None:
                    yield chunk
                elif visible := shown.feed(chunk):
                    yield visible
            if shown is not None and (visible := shown.rest()):
                yield visible
        except GeneratorExit:
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()
            raise
        except BaseException as error:
            self._attempt.broke(error)
            raise
        self._attempt.ended()

    async def aclose(self) -> None:
        """Close the stream; an answer that is not whole by now is a cancelled one."""
        self._attempt.closed()
        await self._stream.aclose()

    def __del__(self) -> None:
        self._attempt.abandoned()
