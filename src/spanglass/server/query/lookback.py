"""A range cut into slices, newest first, so that a question may stop when it has found enough or looked long enough."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from spanglass.server.query.figures import count
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Parameter, Row, Store

FIRST_SPANS: Final = 20_000
SLICE_S: Final = 0.25
"""How long a slice should take, seconds; the next is made larger or smaller by how long the last one took."""
_STEPS: Final = 2_000
"""How many steps of time the spans are counted by."""
_NEWEST: Final = 64
"""Which part of the range is counted first: often no more is needed."""
_GROWTH: Final = 4


class Lookback:
    """A range in slices, newest first, each of about as many spans as can be looked at in `SLICE_S`."""

    def __init__(self, store: Store, asked: range, *, spans: int = FIRST_SPANS) -> None:
        """Count nothing yet.

        Args:
            store: Where to look.
            asked: The range, Unix nanoseconds.
            spans: About how many there should be in the first slice, and a quarter of how many at least in others.
        """
        self._store = store
        self._asked = asked
        self._fewest = spans / _GROWTH
        self._spans = float(spans)

    def took(self, seconds: float) -> None:
        """Say how long the latest slice took."""
        growth = min(_GROWTH, max(1 / _GROWTH, SLICE_S / max(seconds, 1e-6)))
        self._spans = max(self._fewest, self._spans * growth)

    def __iter__(self) -> Iterator[range]:
        """Yield slices that cover the range without gaps; each is as large as what was said of the last one allows.

        Raises:
            QueryError: The question took too long.
            StoreUnavailable: The store is closed or unreachable.
        """
        before, held = self._asked.stop, 0.0
        for bottom, spans in self._density():
            top, left = before, float(spans)
            while held + left > self._spans:
                cut = top - max(1, int((top - bottom) * (self._spans - held) / left))
                if cut <= bottom:
                    break
                yield range(cut, before)
                left *= (cut - bottom) / (top - bottom)
                before, top, held = cut, cut, 0.0
            held += left
            if held >= self._spans and bottom > self._asked.start:
                yield range(bottom, before)
                before, held = bottom, 0.0
        if before > self._asked.start:
            yield range(self._asked.start, before)

    def _density(self) -> Iterator[tuple[int, int]]:
        """Yield the start of each step of time that has spans, and how many, newest first."""
        asked = self._asked
        newest_ns = asked.stop - -(-(asked.stop - asked.start) // _NEWEST)
        for start_ns, end_ns in ((newest_ns, asked.stop), (asked.start, newest_ns)):
            step_ns = max(1, -(-(end_ns - start_ns) // _STEPS))
            bounds = {"start_ns": start_ns, "end_ns": end_ns, "step_ns": step_ns}
            for row in self._store.select(statement("density"), bounds):
                yield max(start_ns, count(row["step"]) * step_ns), count(row["spans"])


class Question(NamedTuple):
    """What is asked of each slice.

    Attributes:
        sql: Names `$start_ns` and `$end_ns` of the slice, and `$limit` and `$skip` of its rows, newest first.
        parameters: Values of what else it names.
    """

    sql: str
    parameters: Mapping[str, Parameter]


def look_back(
    store: Store, question: Question, asked: range, *, wanted: int, skip: int = 0, time_s: float
) -> tuple[list[Row], int]:
    """Return the wanted rows of a range, or those found in time; and since when all of the range was looked at.

    Args:
        store: Where to look.
        question: What is asked.
        asked: The range, Unix nanoseconds.
        wanted: Most rows.
        skip: Rows to leave out first.
        time_s: How long to look, seconds; at least one slice is looked at.

    Raises:
        QueryError: The question is wrong, or one slice took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    until = time.monotonic() + time_s
    slices = Lookback(store, asked)
    found: list[Row] = []
    searched_ns = asked.stop
    for part in slices:
        began = time.monotonic()
        bounds = {"start_ns": part.start, "end_ns": part.stop, "limit": wanted - len(found), "skip": skip}
        found += store.select(question.sql, {**question.parameters, **bounds})
        ended = time.monotonic()
        skip, searched_ns = 0, part.start
        slices.took(ended - began)
        if len(found) >= wanted or ended >= until:
            break
    return found, searched_ns
