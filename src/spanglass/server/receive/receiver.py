"""What OTLP/HTTP and OTLP/gRPC have in common: bytes are decoded aside and given to the sink; knows no transport."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeAlias

from spanglass.errors import SpanglassError
from spanglass.server.allowance import Allowance
from spanglass.server.counters import Counters
from spanglass.server.receive.answers import fault_of
from spanglass.server.receive.clocks import clock_off
from spanglass.server.receive.decode import Decoder
from spanglass.server.receive.inflate import inflate
from spanglass.server.receive.limits import Limits
from spanglass.server.record import Received, Signal

Sink: TypeAlias = Callable[[Received], Awaitable[None]]
"""Takes a decoded request; returns when it is durable.

Raises:
    Overloaded: There is no room now; nothing was kept.
    StoreUnavailable: It could not be written; nothing was kept.
"""
_log = logging.getLogger("spanglass.server")


class Body(NamedTuple):
    """A body as it arrived."""

    data: bytes
    encoding: str = ""
    as_json: bool = False


class Receiver:
    """Decodes requests, one at a time in a thread of its own so that the event loop stays free, and passes them on."""

    def __init__(self, sink: Sink, *, limits: Limits, allowance: Allowance, counters: Counters) -> None:
        """Make a receiver.

        Args:
            sink: Where decoded requests go.
            limits: What one request may ask for.
            allowance: Bytes that may be held; a transport counts a body in while it reads it.
            counters: Where items and refusals are counted.
        """
        self.limits = limits
        self.allowance = allowance
        self._sink = sink
        self._counters = counters
        self._decoder = Decoder(limits)
        self._aside = ThreadPoolExecutor(1, "spanglass-decode")

    async def decode(self, signal: Signal, body: Body) -> Received:
        """Decode a body.

        Raises:
            ReceiveError: It cannot be accepted.
        """
        loop = asyncio.get_running_loop()
        received = await loop.run_in_executor(self._aside, self._decoded, signal, body, time.time_ns())
        items = len(received.spans) + len(received.logs) + len(received.points)
        self._counters.count_received(signal, items + received.rejected)
        off = clock_off(received)
        if off is not None:
            self._counters.note_clock(*off)
        return received

    async def keep(self, received: Received) -> None:
        """Pass a decoded request on; returns when it is durable.

        Raises:
            Overloaded: There is no room now.
            StoreUnavailable: It could not be written.
        """
        if received.spans or received.logs or received.points:
            await self._sink(received)

    def note_refusal(self, signal: Signal, error: Exception) -> None:
        """Count a refused request, and log what was not foreseen."""
        self._counters.count_rejected(signal, fault_of(error).reason)
        if not isinstance(error, SpanglassError | TimeoutError):
            _log.error("An export of %s failed on a fault of ours; the sender was told", signal, exc_info=error)

    def close(self) -> None:
        """Let the decoding thread end."""
        self._aside.shutdown(wait=True)

    def _decoded(self, signal: Signal, body: Body, received_ns: int) -> Received:
        data = inflate(body.data, body.encoding, limit=self.limits.body_bytes)
        if body.as_json:
            from spanglass.server.receive.otlp_json import to_protobuf  # noqa: PLC0415 - most senders use protobuf

            data = to_protobuf(signal, data)
        return self._decoder.decode(signal, data, received_ns=received_ns)
