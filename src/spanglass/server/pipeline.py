"""The write path: a decoded request is normalised, priced and written; it is kept when `submit` returns.

    submit -> queue (bounded by memory) -> one writer thread: all that waits -> normalise -> price -> Store.write

Where memory is short, what arrives is understood and priced at once and queued without its content.

One thread writes, and takes all that waits (up to some MiB) each time it comes round, so a commit is shared by as many
requests as arrived during the one before (group commit): the disk sets the pace, not the number of senders.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from msgspec.structs import replace

from spanglass.call import Cost, CostState
from spanglass.cost.price import price
from spanglass.cost.table import PriceTable
from spanglass.errors import PayloadTooLarge, StoreUnavailable
from spanglass.server.allowance import Allowance
from spanglass.server.counters import Counters
from spanglass.server.normalise.accounts import settle
from spanglass.server.normalise.chunks import without_chunks
from spanglass.server.normalise.facts import normalise
from spanglass.server.normalise.failure import grouped
from spanglass.server.normalise.recent import Known, RecentCalls
from spanglass.server.normalise.scores import read_scores
from spanglass.server.record import Batch, Call, Facts, LogRecord, Received, Score, Span, Status, StoredSpan
from spanglass.server.shedding import Shed, shed
from spanglass.server.store.protocol import Store

_ROUND_BYTES = 8 * 1024 * 1024
"""Memory of the requests that one commit takes on: its rows need some three times as much beside it while it runs."""
_DIGEST_BYTES = 16
_log = logging.getLogger("spanglass.server")


@dataclass(slots=True)
class _Waiting:
    """A request that waits for its commit."""

    received: Received | Batch
    size: int
    done: asyncio.Future[None]


class Pipeline:
    """Keeps requests; made and used in one event loop, and closed once."""

    def __init__(
        self,
        store: Store,
        *,
        allowance: Allowance,
        counters: Counters,
        prices: PriceTable | None = None,
        known: Iterable[Known] = (),
        probe_s: float = 5.0,
    ) -> None:
        """Start the writer thread.

        Args:
            store: Where batches go; the caller closes it, after `close`.
            allowance: Bytes that may wait.
            counters: Where commits are counted.
            prices: The price table; the built-in one by default.
            known: Calls written before, the oldest first, of which other accounts may come yet.
            probe_s: Seconds between attempts to write while writing fails and nobody sends.
        """
        self._probe_s = probe_s
        self._store = store
        self._prices = prices
        self._recent = RecentCalls()
        self._recent.recall(known)
        self._allowance = allowance
        self._counters = counters
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._closing = False
        self._aside = ThreadPoolExecutor(1, "spanglass-shed")
        self._writer = threading.Thread(target=self._run, name="spanglass-writer", daemon=True)
        self._writer.start()

    async def submit(self, received: Received) -> None:
        """Keep a request; when this returns, it survives a kill -9.

        Raises:
            PayloadTooLarge: It takes more memory than the queue will ever have.
            Overloaded: The queue is full; nothing was kept.
            StoreUnavailable: It could not be written, or the server is stopping; nothing was kept.
        """
        self._demand_open()
        size, reason = received.size, self._allowance.shortage(received.size)
        self._allowance.take(min(size, self._allowance.limit))
        waiting = _Waiting(received, min(size, self._allowance.limit), self._loop.create_future())
        if reason is not None:
            await self._slim(waiting, received, reason)
        self._queue.put(waiting)
        await waiting.done

    async def _slim(self, waiting: _Waiting, received: Received, reason: str) -> None:
        """Let go of a request's content before it waits.

        Raises:
            PayloadTooLarge: It takes more memory than the queue has, even so.
            StoreUnavailable: The server began to stop meanwhile.
        """
        try:
            batch, items, freed = await self._loop.run_in_executor(self._aside, self._shed, received)
            left = max(0, received.size - freed)
            self._demand_fit(left)
            self._demand_open()  # nothing is taken from the queue after the end
        except BaseException:
            self._allowance.give(waiting.size)
            raise
        if items:
            self._counters.count_shed(received.signal, reason, items)
            self._allowance.give(waiting.size - left)
            waiting.received, waiting.size = batch, left

    def _demand_fit(self, size: int) -> None:
        if size > self._allowance.limit:
            raise PayloadTooLarge(
                f"The export takes {size} bytes of memory without its content and the queue has "
                f"{self._allowance.limit}; send smaller batches, or raise SPANGLASS_QUEUE_MIB."
            )

    def _demand_open(self) -> None:
        if self._closing:
            raise StoreUnavailable("The server is stopping; send the same again when it is back.")

    def _shed(self, received: Received) -> Shed:
        return shed(prepare(received, self._prices))

    async def close(self) -> None:
        """Write what waits, then stop; later submits are refused."""
        if not self._closing:
            self._closing = True
            self._queue.put(None)
        await asyncio.to_thread(self._writer.join)
        self._aside.shutdown(wait=False)

    def _run(self) -> None:
        while (first := self._next()) is not None:
            group, size = [first], first.size
            while size < _ROUND_BYTES and not self._queue.empty():
                waiting = self._queue.get()
                if waiting is None:
                    self._queue.put(None)  # stop after this round
                    break
                group.append(waiting)
                size += waiting.size
            self._round(group)

    def _next(self) -> _Waiting | None:
        """Return what waits longest; while writing fails, try it now and then, so that it is known when it goes on."""
        while True:
            try:
                return self._queue.get(timeout=self._probe_s if self._counters.fault else None)
            except Empty:
                # Nothing but a new digest: a transaction that is synced as any other.
                self._write([Batch(digest=os.urandom(_DIGEST_BYTES), received_ns=time.time_ns())])

    def _round(self, group: Sequence[_Waiting]) -> None:
        began = time.perf_counter()
        failure = self._write(self._batch(waiting.received) for waiting in group)
        self._loop.call_soon_threadsafe(self._settle, group, failure, time.perf_counter() - began)

    def _write(self, batches: Iterable[Batch]) -> StoreUnavailable | None:
        began = time.perf_counter()
        try:
            written = self._store.write(list(batches))
        except StoreUnavailable as error:
            failure = error
        except Exception as error:  # noqa: BLE001 - the writer's guard: whatever a store does, the next round is written
            _log.exception("A write failed in a way it should not; the senders were told to try again")
            failure = StoreUnavailable(f"The server could not write ({type(error).__name__}); its log says why.")
        else:
            self._recent.keep()
            self._counters.count_commit(written.stored, written.duplicates, time.perf_counter() - began)
            self._counters.calls.count(written.kept)
            return None
        self._recent.forget()
        self._counters.note_fault(str(failure))
        return failure

    def _batch(self, received: Received | Batch) -> Batch:
        batch = received if isinstance(received, Batch) else prepare(received, self._prices)
        try:
            return replace(batch, spans=self._recent.compare(batch.spans)) if batch.spans else batch
        except Exception:  # noqa: BLE001 - the guard of understanding, as below
            _log.exception("Accounts of the same call in several exports may all be counted: please report this")
            return batch

    def _settle(self, group: Sequence[_Waiting], failure: StoreUnavailable | None, seconds: float) -> None:
        """Tell the senders, in the event loop."""
        self._allowance.took_round(seconds)
        for waiting in group:
            self._allowance.give(waiting.size)
            if waiting.done.done():  # the sender has gone
                continue
            if failure is None:
                waiting.done.set_result(None)
            else:
                waiting.done.set_exception(failure)


def prepare(received: Received, prices: PriceTable | None = None) -> Batch:
    """Return a request as it will be written: every span with what it means and what it cost, and the scores."""
    spans = _settled([_understood(span, prices) for span in received.spans])
    return Batch(
        digest=received.digest,
        received_ns=received.received_ns,
        spans=spans,
        logs=received.logs,
        points=received.points,
        scores=_scores(spans, received.logs),
        size=received.size,
    )


def _understood(span: Span, prices: PriceTable | None) -> StoredSpan:
    try:
        span = without_chunks(span) if span.events else span
        facts = normalise(span)
        call = facts.call
        billed = call is not None and not was_refused(span, call)
        cost = cost_of(call, at_ns=span.start_ns, prices=prices) if call is not None and billed else None
    except Exception:  # noqa: BLE001 - the guard of understanding: a fault of ours must not cost its sender the span
        _log.exception("The span %s of trace %s is kept without facts: please report this", span.span_id, span.trace_id)
        return StoredSpan(span, Facts())
    return StoredSpan(span, facts, cost)


def _settled(spans: Sequence[StoredSpan]) -> Sequence[StoredSpan]:
    try:
        return grouped(settle(spans))
    except Exception:  # noqa: BLE001 - the same guard
        _log.exception("Accounts of the same call in an export may all be counted: please report this")
        return spans


def _scores(spans: Sequence[StoredSpan], logs: Sequence[LogRecord]) -> Sequence[Score]:
    try:
        return read_scores(spans, logs)
    except Exception:  # noqa: BLE001 - the same guard
        _log.exception("The scores of an export are not kept: please report this")
        return ()


def was_refused(span: Span, call: Call) -> bool:
    """Tell whether a call failed before it used anything (429, 401, no connection): it costs nothing and is no spend.

    A call that failed after its answer began is not one of these: what it used is unknown, which is not nothing.
    """
    answered = call.response_id or call.first_chunk_ns is not None or call.incomplete
    told = call.usage or call.reported_cost is not None or call.producer_cost
    return span.status is Status.ERROR and not answered and not told


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
