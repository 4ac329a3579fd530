"""`/metrics`: the server's own figures, those of the calls it stores, and who spent most today."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from spanglass.errors import SpanglassError
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics as table
from spanglass.server.allowance import Allowance
from spanglass.server.api.call_metrics import call_metrics
from spanglass.server.api.exposition import CONTENT_TYPE, Sample, family, histogram
from spanglass.server.api.questions import Questions
from spanglass.server.counters import Counters
from spanglass.server.memory import resident_bytes
from spanglass.server.query.users import User, users
from spanglass.server.record import Signal
from spanglass.server.store.protocol import Store

_DAY_NS: Final = 86_400 * 1_000_000_000
_USERS_S: Final = 60.0
"""How long the users that spent most are remembered: Prometheus asks more often than that is worth."""


class Metrics:
    """Answers `/metrics`."""

    def __init__(self, questions: Questions, counters: Counters, allowance: Allowance, *, named_users: int) -> None:
        """Make it.

        Args:
            questions: How the store is asked.
            counters: What was counted since the start.
            allowance: The queue.
            named_users: How many users are named, 0 to 100.
        """
        self._questions = questions
        self._counters = counters
        self._allowance = allowance
        self._named = named_users
        self._spenders: tuple[User, ...] = ()
        self._asked_at = -_USERS_S

    @property
    def route(self) -> Route:
        """Where it is answered."""
        return Route("/metrics", self.answer, methods=["GET"])

    async def answer(self, _: Request) -> Response:
        """Return the text.

        Raises:
            StoreError: The store cannot say what it holds.
        """
        await self._ask_for_users()
        size = await self._questions.size()
        text = await asyncio.to_thread(self._text, size)
        return Response(text.encode("utf-8", "replace"), headers={"content-type": CONTENT_TYPE})

    async def _ask_for_users(self) -> None:
        if not self._named or time.monotonic() - self._asked_at < _USERS_S:
            return
        self._asked_at = time.monotonic()
        try:
            self._spenders = await self._questions.read(self._spent_today)
        except SpanglassError:  # the other figures are told all the same
            self._spenders = ()

    def _spent_today(self, store: Store) -> tuple[User, ...]:
        now_ns = time.time_ns()
        start_ns = now_ns - now_ns % _DAY_NS
        return users(store, start_ns=start_ns, end_ns=now_ns + 1, page=(None, self._named)).users

    def _text(self, store_size: int) -> str:
        lines = [
            *_server(self._counters, self._allowance, store_size),
            *call_metrics(self._counters.calls.taken()),
            *family(table.SPANS_USER_COST, _spent(self._spenders)),
        ]
        return "\n".join(lines) + "\n"


def _server(counters: Counters, allowance: Allowance, store_size: int) -> Iterator[str]:
    yield from family(table.SERVER_RECEIVED, _by_signal(counters.received))
    yield from family(table.SERVER_STORED, _by_signal(counters.stored))
    yield from family(table.SERVER_DUPLICATES, _by_signal(counters.duplicates))
    yield from family(table.SERVER_REJECTED, _by_reason(counters.rejected))
    yield from family(table.SERVER_SHED, _by_reason(counters.shed))
    removed = (Sample("", {attr.SIGNAL: of}, rows) for of, rows in sorted(counters.removed.items()))
    yield from family(table.SERVER_REMOVED, removed)
    yield from family(table.SERVER_COMMIT, histogram({}, table.COMMIT, counters.commits, counters.commit_s))
    yield from family(table.SERVER_QUEUE, [Sample("", {}, allowance.held)])
    yield from family(table.SERVER_QUEUE_LIMIT, [Sample("", {}, allowance.limit)])
    yield from family(table.SERVER_STORE_SIZE, [Sample("", {}, store_size)])
    memory = resident_bytes()
    if memory is not None:
        yield from family(table.SERVER_MEMORY, [Sample("", {}, memory)])
    if allowance.memory is not None:
        yield from family(table.SERVER_MEMORY_LIMIT, [Sample("", {}, allowance.memory.ceiling)])


def _by_signal(counts: Mapping[Signal, int]) -> Iterator[Sample]:
    for signal, count in sorted(counts.items()):
        yield Sample("", {attr.SIGNAL: str(signal)}, count)


def _by_reason(counts: Mapping[tuple[Signal, str], int]) -> Iterator[Sample]:
    for (signal, reason), count in sorted(counts.items()):
        yield Sample("", {attr.SIGNAL: str(signal), attr.DROP_REASON: reason}, count)


def _spent(spenders: tuple[User, ...]) -> Iterator[Sample]:
    for user in spenders:
        amount = user.figures.cost.amount
        if amount is not None and user.user_id:
            yield Sample("", {attr.USER_ID: user.user_id}, amount)
