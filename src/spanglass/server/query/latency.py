"""How long calls take, as a heat map: over time, how many fell between which times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from spanglass.errors import QueryError
from spanglass.server.query.bins import A_DOUBLING, lower_bound_s, percentiles
from spanglass.server.query.call_figures import bins, together
from spanglass.server.query.calls import Calls
from spanglass.server.query.figures import Percentiles, count
from spanglass.server.query.filters import ANY, Filters
from spanglass.server.query.steps import asked_step, steps
from spanglass.server.store.protocol import Store

MEASURES: Final = ("duration", "first_token")
_SECOND: Final = 1_000_000_000
_ROWS_A_DOUBLING: Final = 4
_MERGED: Final = A_DOUBLING // _ROWS_A_DOUBLING


class HeatColumn(msgspec.Struct, frozen=True, kw_only=True):
    """One step of time.

    Attributes:
        start: Unix seconds.
        calls: How many were measured.
        counts: How many fell between each bound and the next, from the lowest bound on.
        percentiles: Of these, within 2.7 %.
    """

    start: float
    calls: int
    counts: tuple[int, ...]
    percentiles: Percentiles


class HeatMap(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    Attributes:
        start: Unix seconds, inclusive.
        end: Unix seconds, exclusive.
        step: Seconds a column.
        measure: duration, of attempts, or first_token, of streams.
        bounds: Seconds; each is 19 % above the one before. One more than there are counts in a column; empty where
            nothing was measured.
        columns: Over time, in order; empty steps are present.
        percentiles: Of the whole range.
    """

    start: float
    end: float
    step: float
    measure: str
    bounds: tuple[float, ...]
    columns: tuple[HeatColumn, ...]
    percentiles: Percentiles


def latency(
    store: Store,
    *,
    start_ns: int,
    end_ns: int,
    measure: str = "duration",
    step_ns: int | None = None,
    filters: Filters = ANY,
) -> HeatMap:
    """Return how long the calls of a range took.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.
        measure: One of `MEASURES`.
        step_ns: Width of a column; by default one that gives at most 61 columns.
        filters: Each holds of the call's own span.

    Raises:
        QueryError: The range is empty, it has more than 500 steps, there is no such measure, a filter is wrong, or the
            question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    if measure not in MEASURES:
        raise QueryError(f"There is no measure {measure[:40]!r}; use {' or '.join(MEASURES)}.")
    step = asked_step(start_ns, end_ns, step_ns)
    calls = Calls(store, start_ns=start_ns, end_ns=end_ns, filters=filters, step_ns=step)
    found = bins(store, calls, {"step": "sg_time_step(start_ns, $step_ns)"}, {"step_ns": step})
    by_step = {count(key[0]): measured.get(measure, {}) for key, measured in found.items()}
    every = together(found.values()).get(measure, {})
    rows = range(min(every) // _MERGED, max(every) // _MERGED + 1) if every else range(0)
    return HeatMap(
        start=start_ns / _SECOND,
        end=end_ns / _SECOND,
        step=step / _SECOND,
        measure=measure,
        bounds=tuple(lower_bound_s(row * _MERGED) for row in (*rows, rows.stop)) if rows else (),
        columns=tuple(_column(index * step, by_step.get(index, {}), rows) for index in steps(start_ns, end_ns, step)),
        percentiles=percentiles(every),
    )


def _column(start_ns: int, counted: Mapping[int, int], rows: range) -> HeatColumn:
    counts = dict.fromkeys(rows, 0)
    for number, some in counted.items():
        counts[number // _MERGED] += some
    return HeatColumn(
        start=start_ns / _SECOND,
        calls=sum(counted.values()),
        counts=tuple(counts.values()),
        percentiles=percentiles(counted),
    )
