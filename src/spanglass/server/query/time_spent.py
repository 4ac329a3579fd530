"""Where the time went over many traces: models, tools, databases, queues, people, and how much was not the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from spanglass.server.query.figures import Percentiles, count, text
from spanglass.server.query.filters import ANY, Filters
from spanglass.server.query.sample import sample
from spanglass.server.query.steps import demand_range
from spanglass.server.query.tally import spread
from spanglass.server.query.timeline import Interval, time_by_work, tree_order
from spanglass.server.record import Work
from spanglass.server.store.protocol import Row, Store

_SECOND: Final = 1_000_000_000
_SLOWEST: Final = 10
_MOST_GROUPS: Final = 50
_HOLDING: Final = "operation IS NOT NULL"
_COLUMNS: Final = (
    "trace_key, trace_id, span_id, parent_span_id, name, work, start_ns, end_ns, service, environment, feature"
)
_APART: Final = frozenset({Work.QUEUE, Work.WAITING})
"""Time in which nothing of the application works: it is told, but does not count as busy."""


class WorkShare(msgspec.Struct, frozen=True, kw_only=True):
    """Time that went to one kind of work.

    Attributes:
        work: llm, tool, agent, retrieval, db, queue, http, waiting (for a person) or other.
        seconds: Over all traces read.
        share: Of all their time, 0 to 1.
    """

    work: str
    seconds: float
    share: float


class TimeFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Where the time of some traces went.

    Attributes:
        traces: How many.
        duration: Of a trace, seconds, from its earliest start to its latest end.
        busy: The same without what was spent in queues and waiting for people.
        not_llm: The part of a trace's busy time in which no model worked for it, 0 to 1, not seconds; p95 is the part
            that 95 % of the traces stay below.
        where: By kind of work, most first; together all of the traces' time.
    """

    traces: int
    duration: Percentiles
    busy: Percentiles
    not_llm: Percentiles
    where: tuple[WorkShare, ...]


class TimeGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Where the time of the traces of one feature or service went; `name` is null for those without."""

    name: str | None
    figures: TimeFigures


class SlowTrace(msgspec.Struct, frozen=True, kw_only=True):
    """One of the slowest traces.

    Attributes:
        trace_id: 32 hex digits.
        name: Of its root span, else of its earliest.
        service: Of that span.
        feature: The first known.
        start: Unix seconds.
        duration: Seconds.
        where: By kind of work, most first.
    """

    trace_id: str
    name: str
    service: str | None
    feature: str | None
    start: float
    duration: float
    where: tuple[WorkShare, ...]


class TimeSpent(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: of the newest traces of the range that hold a call to a model.

    Attributes:
        traces_read: Traces that the answer is made of, the newest.
        traces_seen: Traces of the range that hold a call to a model; about, above 100,000 of them.
        spans_read: Spans of the traces read.
        spans_cut: The newest trace alone has more spans than are read; the rest of it is left out.
        totals: Of all traces read.
        features: By the first feature known of a trace; most time first, at most 50.
        services: By the service of a trace's root; most time first, at most 50.
        slowest: The longest of the traces read, at most 10.
    """

    traces_read: int
    traces_seen: int
    spans_read: int
    spans_cut: bool
    totals: TimeFigures
    features: tuple[TimeGroup, ...]
    services: tuple[TimeGroup, ...]
    slowest: tuple[SlowTrace, ...]


class _Spent(NamedTuple):
    """One trace; times in ns."""

    trace_id: str
    name: str
    service: str | None
    feature: str | None
    start_ns: int
    duration_ns: int
    by_work: dict[str, int]

    @property
    def busy_ns(self) -> int:
        return self.duration_ns - sum(self.by_work.get(work, 0) for work in _APART)


def time_spent(store: Store, *, start_ns: int, end_ns: int, filters: Filters = ANY) -> TimeSpent:
    """Return where the time went in the newest traces in which a call to a model starts in a range.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.
        filters: Each holds of some span of the trace; `status` of a call to a model.

    Raises:
        QueryError: The range is empty, a filter is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    demand_range(start_ns, end_ns)
    read = sample(store, range(start_ns, end_ns), filters, holding=_HOLDING, columns=_COLUMNS)
    spent = [_spent(rows) for rows in read.traces]
    return TimeSpent(
        traces_read=len(spent),
        traces_seen=read.seen,
        spans_read=read.spans,
        spans_cut=read.cut,
        totals=_figures(spent),
        features=_groups(spent, lambda trace: trace.feature),
        services=_groups(spent, lambda trace: trace.service),
        slowest=tuple(_slow(trace) for trace in sorted(spent, key=lambda trace: -trace.duration_ns)[:_SLOWEST]),
    )


def _spent(rows: Sequence[Row]) -> _Spent:
    intervals = [
        Interval(
            str(row["span_id"]),
            text(row["parent_span_id"]),
            count(row["start_ns"]),
            count(row["end_ns"]),
            str(row["work"]),
        )
        for row in rows
    ]
    head = next((row for row in rows if row["parent_span_id"] is None), rows[0])
    features = (feature for row in rows if (feature := text(row["feature"])) is not None)
    start_ns = intervals[0].start_ns
    return _Spent(
        trace_id=str(head["trace_id"]),
        name=str(head["name"]),
        service=text(head["service"]),
        feature=next(features, None),
        start_ns=start_ns,
        duration_ns=max(interval.end_ns for interval in intervals) - start_ns,
        by_work=time_by_work(intervals, dict(tree_order(intervals))),
    )


def _figures(traces: Sequence[_Spent]) -> TimeFigures:
    by_work: Counter[str] = Counter()
    for trace in traces:
        by_work.update(trace.by_work)
    not_llm = [1 - trace.by_work.get(Work.LLM, 0) / trace.busy_ns for trace in traces if trace.busy_ns > 0]
    return TimeFigures(
        traces=len(traces),
        duration=spread([trace.duration_ns / _SECOND for trace in traces]),
        busy=spread([trace.busy_ns / _SECOND for trace in traces]),
        not_llm=spread(not_llm),
        where=_shares(by_work),
    )


def _shares(by_work: dict[str, int]) -> tuple[WorkShare, ...]:
    total = sum(by_work.values()) or 1
    return tuple(
        WorkShare(work=work, seconds=spent_ns / _SECOND, share=spent_ns / total)
        for work, spent_ns in sorted(by_work.items(), key=lambda part: (-part[1], part[0]))
    )


def _groups(traces: Sequence[_Spent], name_of: Callable[[_Spent], str | None]) -> tuple[TimeGroup, ...]:
    grouped: dict[str | None, list[_Spent]] = {}
    for trace in traces:
        grouped.setdefault(name_of(trace), []).append(trace)
    ranked = sorted(grouped.items(), key=lambda group: (-sum(one.duration_ns for one in group[1]), group[0] or ""))
    return tuple(TimeGroup(name=name, figures=_figures(group)) for name, group in ranked[:_MOST_GROUPS])


def _slow(trace: _Spent) -> SlowTrace:
    return SlowTrace(
        trace_id=trace.trace_id,
        name=trace.name,
        service=trace.service,
        feature=trace.feature,
        start=trace.start_ns / _SECOND,
        duration=trace.duration_ns / _SECOND,
        where=_shares(trace.by_work),
    )
