"""One HTTP connection with deadlines: a head that must end and a reader that must read; bodies have their own."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class Connection(H11Protocol):
    """uvicorn's connection, which by itself waits for ever for the end of a head, and for a reader that has stopped.

    Attributes:
        head_s: Seconds from the first moment a head may come to its end; a connection kept alive begins with its
            first byte.
        stalled_s: Seconds in which a reader must take what is buffered, some 64 KiB.
    """

    head_s: ClassVar[float] = 10.0
    stalled_s: ClassVar[float] = 30.0
    _head: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Take bytes, and see whether a head is still to end."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._expect_head()
        else:
            self._cancel_head()

    def pause_writing(self) -> None:
        """Note that the reader has not taken what was written."""
        super().pause_writing()
        self._cancel_stall()
        self._stall = self.loop.call_later(self.stalled_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Note that it has."""
        super().resume_writing()
        self._cancel_stall()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._cancel_head()
        self._cancel_stall()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        if self._head is None:
            self._head = self.loop.call_later(self.head_s, self.transport.abort)

    def _cancel_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _cancel_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
