"""How an answer reaches its reader: a piece at a time, so that neither the loop nor memory waits for a slow one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from spanglass.errors import SpanglassError

_PIECE = 256 * 1024
STALLED_S = 10.0
"""A reader that takes no piece for so long is let go."""
_log = logging.getLogger("spanglass.server")


class Answer(Response):
    """JSON that is sent in pieces; what compresses it lets other requests in between two of them."""

    media_type = "application/json"

    def __init__(self, body: bytes, *, sent: Callable[[], None], stalled_s: float = STALLED_S) -> None:
        """Make an answer.

        Args:
            body: JSON text.
            sent: Called once, when the body need not be held any more.
            stalled_s: Seconds in which a piece must be taken, else the rest is not sent.
        """
        super().__init__(body, headers={"cache-control": "no-store"})
        self._sent = sent
        self._stalled_s = stalled_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send it."""
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            size = len(self.body)
            for start in range(0, max(size, 1), _PIECE):
                end = start + _PIECE
                piece = {"type": "http.response.body", "body": bytes(self.body[start:end]), "more_body": end < size}
                async with asyncio.timeout(self._stalled_s):
                    await send(piece)
                await asyncio.sleep(0)
        except TimeoutError:  # the server sees that the body is incomplete, and closes the connection
            return
        finally:
            self._sent()


class Streamed(Response):
    """An answer that is made while it is sent; where its making fails after the first piece, it is cut."""

    def __init__(
        self,
        first: bytes,
        rest: AsyncGenerator[bytes, None],
        *,
        media_type: str = "application/json",
        stalled_s: float = STALLED_S,
    ) -> None:
        """Make an answer.

        Args:
            first: Its first piece: whoever has it knows that the answer can be made.
            rest: The others; closed in any case.
            media_type: Of the answer.
            stalled_s: Seconds in which a piece must be taken, else the rest is not sent.
        """
        super().__init__(headers={"cache-control": "no-store"}, media_type=media_type)
        del self.headers["content-length"]
        self._first = first
        self._rest = rest
        self._stalled_s = stalled_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send it; what nobody waits for any more is not made."""
        gone = asyncio.create_task(_gone(receive))
        async with aclosing(self._rest):
            try:
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                await self._send(send, self._first)
                async for piece in self._rest:
                    if gone.done():
                        return
                    await self._send(send, piece)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            except TimeoutError:  # as above
                return
            except SpanglassError as error:
                _log.warning("An answer was cut while it was sent: %s", error)
            finally:
                gone.cancel()

    async def _send(self, send: Send, piece: bytes) -> None:
        async with asyncio.timeout(self._stalled_s):
            await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _gone(receive: Receive) -> None:
    """Return when the reader has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
