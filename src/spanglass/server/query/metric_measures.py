"""What can be shown of a metric: how fast it grows, what it is, what is usual; each from the points of its kind."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

import msgspec

from spanglass.errors import QueryError
from spanglass.server.query.distribution import Details, Distribution, distribution
from spanglass.server.query.figures import count, number, whole
from spanglass.server.query.metric_lines import Measure, Number, Part
from spanglass.server.query.metric_series import Narrowed, Series
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Cell, Parameter, Row, Store

PERCENTILES: Final[Mapping[str, float]] = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_SECOND: Final = 1_000_000_000
BEFORE_NS: Final = 600 * _SECOND
"""How long before the range the point is looked for that the first growth is counted from."""
_HELD: Final = 2
"""A value holds for so many usual intervals of its series, if no later one comes."""
MOST_ROWS: Final = 100_000
"""That a statement may answer; the range is cut so that it should answer far fewer."""
_details = msgspec.json.Decoder(Details).decode


class Asked(NamedTuple):
    """The points that are looked at, and how.

    Attributes:
        name: The metric.
        kind: Of its points.
        unit: Of its points; "" where they have none.
        times: Unix ns.
        step_ns: Width of a step.
        where: What narrows the points.
    """

    name: str
    kind: str
    unit: str
    times: range
    step_ns: int
    where: Narrowed

    @property
    def conditions(self) -> str:
        """SQL that narrows to these points."""
        return f"\n  AND kind = $kind AND coalesce(unit, '') = $unit{self.where.sql}"

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Values of the parameters that every statement on points takes."""
        bounds = {"start_ns": self.times.start, "end_ns": self.times.stop}
        return {"name": self.name, "kind": self.kind, "unit": self.unit, **bounds, **self.where.parameters}


class Mean(NamedTuple):
    """A sum of values and how many they are."""

    total: float
    values: int


GROWTH: Final[Measure[Number]] = Measure(
    join=lambda one, other: one + other, weight=float, read=lambda added, _: _finite(added)
)
RATE: Final[Measure[Number]] = Measure(
    join=lambda one, other: one + other, weight=float, read=lambda added, seconds: _finite(added / seconds)
)
MEAN: Final[Measure[Mean]] = Measure(
    join=lambda one, other: Mean(one.total + other.total, one.values + other.values),
    weight=lambda mean: mean.values,
    read=lambda mean, _: _finite(mean.total / mean.values) if mean.values else None,
)
HIGHEST: Final[Measure[float]] = Measure(join=max, weight=float, read=lambda highest, _: _finite(highest))


def percentile(name: str) -> Measure[Distribution]:
    """Return the measure of a percentile, read from joined buckets."""
    return Measure(
        join=lambda one, other: one.plus(other),
        weight=lambda one: one.total,
        read=lambda one, _: one.quantile(PERCENTILES[name]),
    )


def growth(store: Store, asked: Asked, column: str, *, apart: bool) -> Iterator[Part[Number]]:
    """Yield by how much counts (`grown`) or sums of values (`grown_total`) grew.

    Args:
        store: Where to look.
        asked: Which points.
        column: grown or grown_total.
        apart: Each series for itself; else all together, as series 0.
    """
    for row in _grown(store, asked, apart=apart):
        grown = _grown_by(row) if column == "grown" else _real(row[column])
        if grown is not None:
            yield Part(count(row["line"]), count(row["step"]), grown)


def grown_means(store: Store, asked: Asked, *, apart: bool) -> Iterator[Part[Mean]]:
    """Yield the mean of the values that were measured: growth of the sum over growth of the count."""
    for row in _grown(store, asked, apart=apart):
        total, values = _real(row["grown_total"]), whole(row["grown_summed"])
        if total is not None and values:
            yield Part(count(row["line"]), count(row["step"]), Mean(total, values))


def values(store: Store, asked: Asked, series: Iterable[Series]) -> Iterator[Part[Number]]:
    """Yield the last value of each series in each step; one holds on for two usual intervals, up to the next."""
    held_ns = {one.key: _HELD * (one.interval_ns or 0) for one in series}
    last_step = (asked.times.stop - 1) // asked.step_ns
    rows = sorted(_measured(store, asked), key=lambda row: (count(row["line"]), count(row["step"])))
    for key, of_series in groupby(rows, key=lambda row: count(row["line"])):
        listed = list(of_series)
        nexts = [*(count(row["step"]) for row in listed[1:]), last_step + 1]
        for row, until in zip(listed, nexts, strict=True):
            value, at_ns = _last(row)
            step = count(row["step"])
            held = (at_ns + held_ns.get(key, 0)) // asked.step_ns
            if value is not None:
                yield from (Part(key, place, value) for place in range(step, max(step + 1, min(until, held + 1))))


def means(store: Store, asked: Asked) -> Iterator[Part[Mean]]:
    """Yield the mean of all values of a gauge."""
    for row in _measured(store, asked):
        measured = count(row["measured"])
        if measured:
            total = float(count(row["sum_whole"])) + (_real(row["sum_real"]) or 0.0)
            yield Part(count(row["line"]), count(row["step"]), Mean(total, measured))


def distributions(store: Store, asked: Asked, temporalities: Iterable[str | None]) -> Iterator[Part[Distribution]]:
    """Yield how the values were spread that were measured in each step: as deltas say, and by what buckets grew.

    Args:
        store: Where to look.
        asked: Which points.
        temporalities: Those there are.
    """
    kinds = set(temporalities)
    if "delta" in kinds:
        filters = f"{asked.conditions}\n  AND temporality = 'delta'"
        for row in _select(store, statement("metric_deltas", filters=filters), asked):
            now = distribution(_read(row), exponential=asked.kind == "exponential_histogram")
            if now is not None:
                yield Part(count(row["series"]), count(row["step"]), now)
    if kinds != {"delta"}:
        yield from _grown_distributions(store, asked)


def _grown_distributions(store: Store, asked: Asked) -> Iterator[Part[Distribution]]:
    for _, of_run in groupby(_detailed(store, asked), key=itemgetter("series", "stream_ns", "run")):
        before: Distribution | None = None
        for row in of_run:
            now = distribution(_read(row), exponential=asked.kind == "exponential_histogram")
            if now is None:
                continue
            step = count(row["step"])
            if step >= 0:
                yield Part(count(row["series"]), step, now if before is None else now.minus(before))
            before = now


def quantiles(store: Store, asked: Asked, share: float) -> Iterator[Part[float]]:
    """Yield a quantile of summaries as their senders computed it; the last of each series in each step."""
    for row in _detailed(store, asked):
        at_ns = count(row["last_ns"])
        for told in _read(row).quantiles if at_ns >= asked.times.start else ():
            if told.quantile is not None and told.value is not None and math.isclose(told.quantile, share):
                yield Part(count(row["series"]), at_ns // asked.step_ns, told.value)


def _grown(store: Store, asked: Asked, *, apart: bool) -> Sequence[Row]:
    streams = statement("metric_streams", filters=asked.conditions)
    sql = statement("metric_growth", series="series" if apart else "0", streams=streams)
    return _select(store, sql, asked, since_ns=max(0, asked.times.start - BEFORE_NS))


def _measured(store: Store, asked: Asked) -> Sequence[Row]:
    return _select(store, statement("metric_values", filters=asked.conditions), asked)


def _detailed(store: Store, asked: Asked) -> Sequence[Row]:
    filters = f"{asked.conditions}\n  AND coalesce(temporality, '') <> 'delta'"
    sql = statement("metric_details", streams=statement("metric_streams", filters=filters), filters=filters)
    return _select(store, sql, asked, since_ns=max(0, asked.times.start - BEFORE_NS))


def _select(store: Store, sql: str, asked: Asked, **more: Parameter) -> Sequence[Row]:
    parameters = {**asked.parameters, "step_ns": asked.step_ns, "limit": MOST_ROWS + 1, **more}
    rows = store.select(sql, parameters)
    if len(rows) > MOST_ROWS:
        raise QueryError(
            f"The metric {asked.name[:80]!r} has more series and steps than can be read at once; "
            "choose a shorter range, a longer step, a service or a filter."
        )
    return rows


def _read(row: Row) -> Details:
    details = row["last_details"]
    return _details(details) if isinstance(details, str) else Details()


def _grown_by(row: Row) -> Number | None:
    """Return growth as an integer where every point was one."""
    exact = row["grown_whole"]
    return int(exact) if isinstance(exact, int | Decimal) and not count(row["inexact"]) else _real(row["grown_real"])


def _last(row: Row) -> tuple[Number | None, int]:
    whole_ns, real_ns = whole(row["whole_ns"]), whole(row["real_ns"])
    if whole_ns is not None and (real_ns is None or whole_ns >= real_ns):
        return whole(row["last_whole"]), whole_ns
    return _real(row["last_real"]), real_ns or 0


def _real(cell: Cell) -> float | None:
    return None if cell is None else number(cell)


def _finite(value: Number) -> Number | None:
    return value if isinstance(value, int) or math.isfinite(value) else None
