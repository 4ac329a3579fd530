"""The write path: a decoded request is normalised, priced and written; it is kept when `submit` returns.

    submit -> queue (bounded by bytes) -> one writer thread: everything waiting -> normalise -> price -> Store.write

One thread writes, and takes all that waits each time it comes round, so a commit is shared by as many requests as
arrived during the one before (group commit): the disk sets the pace, not the number of senders.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from queue import SimpleQueue

from spanglass.call import Cost, CostState
from spanglass.cost.price import price
from spanglass.cost.table import PriceTable
from spanglass.errors import StoreError, StoreUnavailable
from spanglass.server.allowance import Allowance
from spanglass.server.counters import Counters
from spanglass.server.normalise.facts import normalise
from spanglass.server.record import Batch, Call, Received, Span, StoredSpan
from spanglass.server.store.protocol import Store

_log = logging.getLogger("spanglass.server")


@dataclass(slots=True)
class _Waiting:
    """A request that waits for its commit."""

    received: Received
    done: asyncio.Future[None]
    error: Exception | None = None


class Pipeline:
    """Keeps requests; made and used in one event loop, and closed once."""

    def __init__(
        self, store: Store, *, allowance: Allowance, counters: Counters, prices: PriceTable | None = None
    ) -> None:
        """Start the writer thread.

        Args:
            store: Where batches go; the caller closes it, after `close`.
            allowance: Bytes that may wait.
            counters: Where commits are counted.
            prices: The price table; the built-in one by default.
        """
        self._store = store
        self._prices = prices
        self._allowance = allowance
        self._counters = counters
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._closing = False
        self._writer = threading.Thread(target=self._run, name="spanglass-writer", daemon=True)
        self._writer.start()

    async def submit(self, received: Received) -> None:
        """Keep a request; when this returns, it survives a kill -9.

        Raises:
            Overloaded: The queue is full; nothing was kept.
            StoreUnavailable: It could not be written, or the server is stopping; nothing was kept.
        """
        if self._closing:
            raise StoreUnavailable("The server is stopping; send the same again when it is back.")
        self._allowance.take(received.size)
        waiting = _Waiting(received, self._loop.create_future())
        self._queue.put(waiting)
        await waiting.done

    async def close(self) -> None:
        """Write what waits, then stop; later submits are refused."""
        if not self._closing:
            self._closing = True
            self._queue.put(None)
        await asyncio.to_thread(self._writer.join)

    def _run(self) -> None:
        last = False
        while not last:
            taken = [self._queue.get()]
            while not self._queue.empty():
                taken.append(self._queue.get())
            last = None in taken
            self._round([waiting for waiting in taken if waiting is not None])

    def _round(self, group: Sequence[_Waiting]) -> None:
        began = time.perf_counter()
        batches = []
        for waiting in group:
            try:
                batches.append(prepare(waiting.received, self._prices))
            except Exception as error:  # noqa: BLE001 - the writer's guard: one request must not fail its neighbours
                waiting.error = error
        if batches:
            self._write(group, batches, began)
        self._loop.call_soon_threadsafe(self._settle, group, time.perf_counter() - began)

    def _write(self, group: Sequence[_Waiting], batches: Sequence[Batch], began: float) -> None:
        try:
            written = self._store.write(batches)
        except Exception as error:  # noqa: BLE001 - as above: the thread lives on, whatever a store does
            if not isinstance(error, StoreError):
                _log.error("The store failed in a way it should not; the senders were told", exc_info=error)
            failure = error if isinstance(error, StoreUnavailable) else StoreUnavailable(f"Not written: {error}")
            for waiting in group:
                waiting.error = waiting.error or failure
        else:
            self._counters.count_commit(written.stored, written.duplicates, time.perf_counter() - began)

    def _settle(self, group: Sequence[_Waiting], seconds: float) -> None:
        """Tell the senders, in the event loop."""
        self._allowance.took_round(seconds)
        for waiting in group:
            self._allowance.give(waiting.received.size)
            if waiting.done.done():  # the sender has gone
                continue
            if waiting.error is None:
                waiting.done.set_result(None)
            else:
                waiting.done.set_exception(waiting.error)


def prepare(received: Received, prices: PriceTable | None = None) -> Batch:
    """Return a request as it will be written: every span with what it means and what it cost."""
    return Batch(
        digest=received.digest,
        received_ns=received.received_ns,
        spans=[_understood(span, prices) for span in received.spans],
        logs=received.logs,
        points=received.points,
    )


def _understood(span: Span, prices: PriceTable | None) -> StoredSpan:
    facts = normalise(span)
    cost = None if facts.call is None else cost_of(facts.call, at_ns=span.start_ns, prices=prices)
    return StoredSpan(span, facts, cost)


def cost_of(call: Call, *, at_ns: int, prices: PriceTable | None = None) -> Cost:
    """Return what a call cost: as the provider reported, else as computed here, else as its producer computed.

    Args:
        call: The call.
        at_ns: When it was made, Unix ns; prices have dates.
        prices: The price table; the built-in one by default.
    """
    cost = price(
        call.usage,
        provider=call.provider,
        models=(call.response_model, call.request_model),
        at_ns=at_ns,
        service_tier=call.service_tier,
        reported=call.reported_cost,
        table=prices,
    )
    if cost.state is CostState.UNPRICED and call.producer_cost is not None:
        return call.producer_cost
    return cost
