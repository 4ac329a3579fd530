"""One metric over time: its series as a few lines, by how fast it grows, what it is or what is usual; and exemplars."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from spanglass.errors import NotFound, QueryError
from spanglass.server.query import metric_measures as measures
from spanglass.server.query.filters import ANY, Filters
from spanglass.server.query.metric_exemplars import Exemplar, exemplars
from spanglass.server.query.metric_lines import Added, Key, Measure, Number, Part, lines_of
from spanglass.server.query.metric_measures import PERCENTILES, Asked
from spanglass.server.query.metric_series import (
    Found,
    Narrowed,
    Series,
    narrowed,
    read_label,
    read_series,
    usual_interval_ns,
)
from spanglass.server.query.overview import MAX_BUCKETS
from spanglass.server.query.statement import statement
from spanglass.server.query.steps import asked_step, demand_range, good_step
from spanglass.server.store.protocol import Store

SHOWS: Final = ("rate", "increase", "value", "average", "total", *PERCENTILES)
_BUCKETS: Final = ("p95", "p50", "p99", "average", "rate", "increase", "total")
_SHOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "gauge": ("value", "average"),
    "counter": ("rate", "increase", "value"),
    "up-down counter": ("value", "increase"),
    "histogram": _BUCKETS,
    "exponential_histogram": _BUCKETS,
    "summary": ("average", "p50", "p95", "p99", "rate", "increase", "total"),
}
"""What can be shown of each kind, what is shown by default first; sums by whether they may fall."""
_GROWTHS: Final = frozenset({"rate", "increase", "total", "average"})
_MOST_POINTS: Final = 500_000
_MOST_PARTS: Final = 30_000
"""Values, or details, that are read one by one: some 7 us each."""
_MOST_TEXTS: Final = 16 * 1024 * 1024
_MOST_LABELS: Final = 100
_NAMES: Final = 1_000
_NEAR: Final = 200
_COMPARED: Final = 64
_SECOND: Final = 1_000_000_000
_ALL: Final = 0


class MetricLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line.

    Attributes:
        label: Value of the label it is grouped by; None where its series have none, or nothing is grouped by.
        other: It holds what is left beside the 50 heaviest lines.
        series: How many series are in it.
        values: One a step; null where nothing is known.
    """

    label: str | None
    other: bool
    series: int
    values: tuple[float | int | None, ...]


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    Attributes:
        name: The metric's name.
        kind: gauge, sum, histogram, exponential_histogram or summary.
        unit: Its unit; a rate is that per second.
        temporality: Those of its series: delta, cumulative.
        monotonic: Of sums: none of its series falls.
        show: What the lines show.
        shows: All that can be shown of it, the default first.
        start: Start of the range that was looked at, Unix seconds; later than asked for where `cut` says why.
        end: Its end.
        step: Seconds a step.
        times: Start of each step, Unix seconds; multiples of `step`.
        lines: The heaviest first.
        labels: Labels that lines can be grouped by, sorted, at most 100.
        series: How many series there are.
        points: How many points they have in the range.
        exemplars: Measurements with their traces, the newest and largest first, at most 50.
        left_out: Other kinds or units of the same name, with fewer points; narrow to a service to see them.
        cut: What was not looked at, for there is too much, and what to do; null where all was.
    """

    name: str
    kind: str
    unit: str | None
    temporality: tuple[str, ...]
    monotonic: bool | None
    show: str
    shows: tuple[str, ...]
    start: float
    end: float
    step: float
    times: tuple[float, ...]
    lines: tuple[MetricLine, ...]
    labels: tuple[str, ...]
    series: int
    points: int
    exemplars: tuple[Exemplar, ...]
    left_out: tuple[str, ...]
    cut: str | None


class Choice(NamedTuple):
    """What of a metric is asked for; None lets the metric decide.

    Attributes:
        show: One of `SHOWS`.
        by: A label to group by.
        label: `label=value` that series must have.
        step_ns: Width of a step.
    """

    show: str | None = None
    by: str | None = None
    label: str | None = None
    step_ns: int | None = None


class _Line(NamedTuple):
    """A line's steps, read."""

    key: Key
    values: Mapping[int, Number | None]


def metric(
    store: Store, name: str, *, start_ns: int, end_ns: int, filters: Filters = ANY, choice: Choice | None = None
) -> Metric:
    """Return a metric over time.

    A count grows by the difference of two points of one stream, and counts in the step of the later one. A stream that
    starts anew, or falls without saying so, counts from 0. What a stream held when it was first seen counts only where
    it began within the range or ten minutes before. Nothing is made up between points, but that a value holds for two
    usual intervals of its series.

    Args:
        store: Where to look.
        name: The metric's name.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.
        filters: Its service and environment count.
        choice: What is shown, how it is grouped, and how fine.

    Raises:
        NotFound: No point of that name is in the range.
        QueryError: The range, step, label or what is to be shown is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    choice = choice or Choice()
    demand_range(start_ns, end_ns)
    label = None if choice.label is None else read_label(choice.label)
    where = narrowed(filters, label)
    found = read_series(store, name, range(start_ns, end_ns), where, label)
    if not found.series:
        raise _unknown(store, name, range(start_ns, end_ns), narrowed_too=bool(where.sql) or label is not None)
    series, left_out = _of_one_kind(found.series)
    show, shows = _show(name, series, choice.show)
    step_ns = _step(start_ns, end_ns, series, choice.step_ns)
    apart = choice.by is not None or label is not None
    together = not apart and show in _GROWTHS and series[0].kind != "gauge"
    lines = 1 if together else len(found.series) + found.missed
    fitted_ns = _fitted(range(start_ns, end_ns), found, lines=lines, details=show in PERCENTILES, step_ns=step_ns)
    unit = series[0].unit or ""
    asked = Asked(name, series[0].kind, unit, range(fitted_ns, end_ns), step_ns, _cumulative(where, series, show))
    keys = {one.key: Key(None if choice.by is None else one.label(choice.by)) for one in series}
    shown = _lines(store, asked, show, series, keys, apart=apart)
    return Metric(
        name=name,
        kind=series[0].kind,
        unit=series[0].unit,
        temporality=tuple(sorted({one.temporality for one in series if one.temporality is not None})),
        monotonic=all(one.monotonic for one in series) if series[0].kind == "sum" else None,
        show=show,
        shows=shows,
        start=fitted_ns / _SECOND,
        end=end_ns / _SECOND,
        step=step_ns / _SECOND,
        times=tuple(step * step_ns / _SECOND for step in _steps(asked)),
        lines=tuple(_shown(line, asked, keys, shown) for line in shown),
        labels=_labels(series),
        series=len(series) + found.missed,
        points=sum(one.points for one in series),
        exemplars=tuple(exemplars(store, asked, keys)),
        left_out=left_out,
        cut=_cut(start_ns, fitted_ns, 0 if together else found.missed),
    )


def _of_one_kind(found: Sequence[Series]) -> tuple[Sequence[Series], tuple[str, ...]]:
    """Return the series of the kind and unit with the most points, and what is left out."""
    points: dict[tuple[str, str], int] = {}
    for one in found:
        which = (one.kind, one.unit or "")
        points[which] = points.get(which, 0) + one.points
    first, *others = sorted(points, key=lambda which: (-points[which], which))
    left_out = tuple(" in ".join(part for part in which if part) for which in others)
    return [one for one in found if (one.kind, one.unit or "") == first], left_out


def _kind(series: Sequence[Series]) -> str:
    if series[0].kind != "sum":
        return series[0].kind
    return "counter" if all(one.monotonic for one in series) else "up-down counter"


def _show(name: str, series: Sequence[Series], asked: str | None) -> tuple[str, tuple[str, ...]]:
    """Return what is shown, and what can be; a count of deltas alone has no value."""
    shows = _SHOWN[_kind(series)]
    if series[0].kind == "sum" and all(one.temporality == "delta" for one in series):
        shows = tuple(show for show in shows if show != "value")
    show = shows[0] if asked is None else asked
    if show not in shows:
        raise QueryError(f"The metric {name[:80]!r} is a {_kind(series)}; of that, show {', '.join(shows)}.")
    return show, shows


def _step(start_ns: int, end_ns: int, series: Sequence[Series], asked_ns: int | None) -> int:
    """Return the width of a step: as asked, else round, at most 60 in the range, and two usual intervals at least."""
    step_ns = asked_ns
    if step_ns is None:
        interval_ns = usual_interval_ns(series) or 0
        step_ns = max(good_step(start_ns, end_ns), good_step(0, 2 * interval_ns * 60))
    return asked_step(start_ns, end_ns, step_ns, most=MAX_BUCKETS)


def _fitted(asked: range, found: Found, *, lines: int, details: bool, step_ns: int) -> int:
    """Return since when so much as can be read at once is there: the start of the range, else of a later step."""
    lasts_ns = asked.stop - asked.start
    read = sum(one.points for one in found.series)
    deltas = sum(one.points for one in found.series if one.temporality == "delta") if details else 0
    parts = deltas + min(found.points - deltas, lines * (lasts_ns // step_ns + 2))
    texts = sum(one.texts for one in found.series) * parts // read if details else 0
    share = max(found.points / _MOST_POINTS, parts / _MOST_PARTS, texts / _MOST_TEXTS)
    if share <= 1:
        return asked.start
    fitted_ns = asked.stop - int(lasts_ns / share)
    return min(-(-fitted_ns // step_ns) * step_ns, (asked.stop - 1) // step_ns * step_ns)


def _cumulative(where: Narrowed, series: Sequence[Series], show: str) -> Narrowed:
    """Return what narrows values of sums to those that are no deltas."""
    if show != "value" or series[0].kind != "sum":
        return where
    return where._replace(sql=f"{where.sql}\n  AND coalesce(temporality, '') <> 'delta'")


def _lines(
    store: Store, asked: Asked, show: str, series: Sequence[Series], keys: Mapping[int, Key], *, apart: bool
) -> Sequence[_Line]:
    together = keys if apart else {**keys, _ALL: Key()}
    if show == "value":
        return _read(measures.values(store, asked, series), keys, measures.GROWTH, asked)
    if show == "average" and asked.kind == "gauge":
        return _read(measures.means(store, asked), keys, measures.MEAN, asked)
    if show == "average":
        return _read(measures.grown_means(store, asked, apart=apart), together, measures.MEAN, asked)
    if show in PERCENTILES and asked.kind == "summary":
        return _read(measures.quantiles(store, asked, PERCENTILES[show]), keys, measures.HIGHEST, asked)
    if show in PERCENTILES:
        kinds = {one.temporality for one in series}
        return _read(measures.distributions(store, asked, kinds), keys, measures.percentile(show), asked)
    column = "grown_total" if show == "total" else "grown"
    measure = measures.RATE if show == "rate" else measures.GROWTH
    return _read(measures.growth(store, asked, column, apart=apart), together, measure, asked)


def _read(
    parts: Iterable[Part[Added]], keys: Mapping[int, Key], measure: Measure[Added], asked: Asked
) -> Sequence[_Line]:
    return [
        _Line(key, {step: measure.read(added, _covered_s(step, asked)) for step, added in steps.items()})
        for key, steps in lines_of(parts, keys, measure).items()
    ]


def _covered_s(step: int, asked: Asked) -> float:
    """Return how many seconds of a step are in the range."""
    since_ns = max(asked.times.start, step * asked.step_ns)
    return max(1, min(asked.times.stop, (step + 1) * asked.step_ns) - since_ns) / _SECOND


def _steps(asked: Asked) -> range:
    return range(asked.times.start // asked.step_ns, (asked.times.stop - 1) // asked.step_ns + 1)


def _shown(line: _Line, asked: Asked, keys: Mapping[int, Key], lines: Sequence[_Line]) -> MetricLine:
    own = {one.key for one in lines if not one.key.other}
    members = (key not in own if line.key.other else key == line.key for key in keys.values())
    return MetricLine(
        label=line.key.label,
        other=line.key.other,
        series=sum(members),
        values=tuple(line.values.get(step) for step in _steps(asked)),
    )


def _labels(series: Iterable[Series]) -> tuple[str, ...]:
    names = {name for one in series for name in one.labels}
    return tuple(sorted(names | {"service", "environment"}))[:_MOST_LABELS]


def _cut(asked_ns: int, fitted_ns: int, missed: int) -> str | None:
    said = []
    if fitted_ns > asked_ns:
        said.append("The range has too many points: only its newest part was read, since `start`.")
    if missed:
        said.append(f"The {missed} series with the fewest points were not read.")
    return " ".join([*said, "Choose a shorter range, a service or a filter to see all."]) if said else None


def _unknown(store: Store, name: str, asked: range, *, narrowed_too: bool) -> NotFound:
    bounds = {"start_ns": asked.start, "end_ns": asked.stop, "limit": _NAMES, "offset": 0}
    names = [str(row["name"]) for row in store.select(statement("metrics_names"), bounds)]
    if name in names and narrowed_too:
        return NotFound(f"The metric {name[:80]!r} has no points of that service, environment or label in this range.")
    near = near_names(name, names)
    hint = f"Did you mean {' or '.join(near)}? " if near else ""
    return NotFound(
        f"The metric {name[:80]!r} has no points in this range. {hint}GET /api/v1/metrics lists what there is; "
        "SDKs usually export metrics once a minute."
    )


def near_names(name: str, names: Sequence[str]) -> Sequence[str]:
    """Return up to three names that may have been meant.

    Of the 200 closest in length the beginnings are compared: what names may be is their senders' choice, and comparing
    1,000 of 200 letters takes up to 20 s.
    """
    beginnings = {
        known[:_COMPARED]: known[:200] for known in sorted(names, key=lambda known: abs(len(known) - len(name)))[:_NEAR]
    }
    return [beginnings[near] for near in difflib.get_close_matches(name[:_COMPARED], beginnings, n=3, cutoff=0.5)]
