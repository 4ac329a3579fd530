"""Which metrics there are: names with their kinds, units and senders, and how many series and points they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from spanglass.errors import QueryError
from spanglass.server.query.cursor import read_cursor, write_cursor
from spanglass.server.query.figures import count, text, texts
from spanglass.server.query.filters import ANY, Filters
from spanglass.server.query.metric_series import Narrowed, narrowed
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Parameter, Row, Store

MOST_NAMES: Final = 500
"""Names a page."""
_COUNTED: Final = 1_000_000
"""Points that series are counted in; of a longer range, so many of the newest."""
_MOST_SERVICES: Final = 50
_AFTER_ALL: Final = "\U0010ffff"
_SECOND: Final = 1_000_000_000


class MetricRow(msgspec.Struct, frozen=True, kw_only=True):
    """A metric; a name that is sent in several kinds, units or temporalities has a row for each.

    Attributes:
        name: Its name.
        kind: gauge, sum, histogram, exponential_histogram or summary.
        unit: Its unit; None where it has none.
        temporality: delta or cumulative; None where the kind has none.
        monotonic: Of sums: it never falls.
        services: Who sent it, sorted, at most 50.
        series: How many series: sets of labels by sender.
        points: How many points.
        latest: When the last of them was measured, Unix seconds.
    """

    name: str
    kind: str
    unit: str | None
    temporality: str | None
    monotonic: bool | None
    services: tuple[str, ...]
    series: int
    points: int
    latest: float


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    Attributes:
        metrics: A page of names, sorted.
        counted_from: Series, points and services are counted since then, Unix seconds: the start of the range, or
            later where the range has more than a million points. A metric without points since is counted over all.
        next_cursor: Of the next page; None on the last.
    """

    metrics: tuple[MetricRow, ...]
    counted_from: float
    next_cursor: str | None


def metrics(
    store: Store,
    *,
    start_ns: int,
    end_ns: int,
    filters: Filters = ANY,
    prefix: str | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> Metrics:
    """Return the metrics that have points in a range, by name.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive. With a cursor the range of its first page counts.
        filters: Its service and environment count.
        prefix: What names begin with.
        cursor: `next_cursor` of the page before.
        limit: Names a page, 1 to 500.

    Raises:
        QueryError: The range, limit or cursor is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    offset = 0
    if cursor is not None:
        start_ns, end_ns, offset = read_cursor(cursor, 3)
    if not 0 <= start_ns < end_ns or offset < 0:
        raise QueryError("The range is empty; its end must be after its start.")
    if not 1 <= limit <= MOST_NAMES:
        raise QueryError(f"The limit is {limit}; use 1 to {MOST_NAMES}.")
    where = _with_prefix(narrowed(filters), prefix)
    asked = range(start_ns, end_ns)
    rows = store.select(
        statement("metrics_names", filters=where.sql),
        {**_bounds(asked), "limit": limit + 1, "offset": offset, **where.parameters},
    )
    names = [str(row["name"]) for row in rows]
    counted_ns = _counted_from(store, asked)
    found = _families(store, names[:limit], range(counted_ns, end_ns), where)
    if counted_ns > start_ns:
        missing = [name for name in names[:limit] if name not in {str(row["name"]) for row in found}]
        found = sorted([*found, *_families(store, missing, asked, where)], key=lambda row: str(row["name"]))
    return Metrics(
        metrics=tuple(_row(row) for row in found),
        counted_from=counted_ns / _SECOND,
        next_cursor=write_cursor(start_ns, end_ns, offset + limit) if len(names) > limit else None,
    )


def _with_prefix(where: Narrowed, prefix: str | None) -> Narrowed:
    if prefix is None:
        return where
    bounds: Mapping[str, Parameter] = {"prefix": prefix, "prefix_end": prefix + _AFTER_ALL}
    sql = f"{where.sql}\n  AND name >= $prefix AND name < $prefix_end"
    return Narrowed(sql, {**where.parameters, **bounds})


def _bounds(asked: range) -> Mapping[str, Parameter]:
    return {"start_ns": asked.start, "end_ns": asked.stop}


def _counted_from(store: Store, asked: range) -> int:
    """Return since when the range holds about as many points as are counted."""
    held = count(store.select(statement("metrics_size"), _bounds(asked))[0]["held"])
    return asked.start if held <= _COUNTED else asked.stop - (asked.stop - asked.start) * _COUNTED // held


def _families(store: Store, names: Sequence[str], asked: range, where: Narrowed) -> Sequence[Row]:
    if not names:
        return []
    return store.select(
        statement("metrics", filters=where.sql), {**_bounds(asked), "names": list(names), **where.parameters}
    )


def _row(row: Row) -> MetricRow:
    return MetricRow(
        name=str(row["name"]),
        kind=str(row["kind"]),
        unit=text(row["unit"]),
        temporality=text(row["temporality"]),
        monotonic=row["monotonic"] if isinstance(row["monotonic"], bool) else None,
        services=texts(row["services"])[:_MOST_SERVICES],
        series=count(row["series"]),
        points=count(row["all_points"]),
        latest=count(row["latest_ns"]) / _SECOND,
    )
