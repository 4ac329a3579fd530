"""What goes wrong: failures of one cause as one group, what repeats them left out, and what a retry made good apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from spanglass.errors import QueryError
from spanglass.server.query.figures import count, text
from spanglass.server.query.filters import ANY, Conditions, Filters
from spanglass.server.query.ranking import DEFAULT_ROWS, rank_page
from spanglass.server.query.statement import in_list, statement
from spanglass.server.store.protocol import Parameter, Row, Store

MOST_SPANS: Final = 50_000
"""Failed spans that are read; of more the newest, as whole steps."""
BUCKETS: Final = 30
SAMPLES: Final = 5
_STEPS: Final = 128
_SPANS_A_SAMPLE: Final = 4
"""A failure is repeated by spans around it; more of them than this and a group shows fewer samples."""
_MOST_PLACES: Final = 2_000
MOST_NAMES: Final = 10
_SECOND: Final = 1_000_000_000
_RANKED: Final = "start_ns, user_id"
_TIMED: Final = "start_ns, end_ns, coalesce(request_model, response_model) AS model"
_ORDERS: Final = {"frequent": "failures", "recent": "last_ns"}


class ErrorSample(msgspec.Struct, frozen=True, kw_only=True):
    """One failure.

    Attributes:
        trace_id: 32 hex digits.
        span_id: 16 hex digits.
        time: When the span that failed began, Unix seconds.
        service: Its service.
        user_id: Its user.
        type: The error's type.
        message: The first line of what went wrong.
    """

    trace_id: str
    span_id: str
    time: float
    service: str | None
    user_id: str | None
    type: str | None
    message: str | None


class ErrorGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Failures of one cause.

    Attributes:
        group: 16 hex digits that failures of one cause share.
        type: The latest error's type.
        message: Its message's first line.
        count: Failures; of spans that repeat what failed below them, the deepest counts.
        recovered: How many of them were attempts that a later attempt at the same made good.
        traces: Traces in which it happened.
        users: Users to whom it happened.
        first_seen: Start of the first span that failed, Unix seconds.
        last_seen: Start of the last.
        is_new: It was not there in a period before the range that is as long.
        services: Where, most first, at most 10.
        providers: At which, most first, at most 10.
        models: With which, most first, at most 10.
        over_time: Failures in each step of the range, in order; the first is that of `start`.
        samples: The latest, a trace each.
    """

    group: str
    type: str | None
    message: str | None
    count: int
    recovered: int
    traces: int
    users: int
    first_seen: float
    last_seen: float
    is_new: bool
    services: tuple[str, ...]
    providers: tuple[str, ...]
    models: tuple[str, ...]
    over_time: tuple[int, ...]
    samples: tuple[ErrorSample, ...]


class Errors(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: one page of the groups.

    Attributes:
        start: Of the range, Unix seconds, inclusive.
        end: Exclusive.
        since: What starts before was not read: the range has more than 50,000 failed spans. Else the start.
        step: Seconds a step of `over_time`.
        spans: Failed spans in the range, those that repeat what failed below them among them.
        groups: As sorted.
        next_cursor: Of the next page; null on the last.
    """

    start: float
    end: float
    since: float
    step: float
    spans: int
    groups: tuple[ErrorGroup, ...]
    next_cursor: str | None


class Failures(NamedTuple):
    """The failures that are asked for.

    Attributes:
        start_ns: Of the range, Unix ns.
        end_ns: Of the range.
        since_ns: From when on they are read.
        spans: How many spans failed in the range.
        where: SQL that narrows to them.
        given: Its parameters, and the bounds.
    """

    start_ns: int
    end_ns: int
    since_ns: int
    spans: int
    where: str
    given: Mapping[str, Parameter]

    @property
    def step_ns(self) -> int:
        """Width of a step over time, so that there are at most 30, wherever the first begins."""
        return max(1, -(-(self.end_ns - self.start_ns) // (BUCKETS - 1)))

    @property
    def steps(self) -> range:
        """The steps of the range, as `sg_time_step` numbers them."""
        return range(self.start_ns // self.step_ns, (self.end_ns - 1) // self.step_ns + 1)

    @property
    def before(self) -> Mapping[str, Parameter]:
        """The parameters of what was before: as long as the range, and up to what is read of it."""
        start_ns = max(0, 2 * self.start_ns - self.end_ns)
        return {**self.given, "start_ns": start_ns, "end_ns": self.since_ns}

    def of(self, groups: Sequence[str]) -> Failures:
        """Return those of some groups."""
        names, named = in_list(groups, "group")
        return self._replace(where=f"{self.where}\n  AND error_group IN ({names})", given={**self.given, **named})


def errors(
    store: Store,
    *,
    start_ns: int,
    end_ns: int,
    filters: Filters = ANY,
    sort: str = "frequent",
    page: tuple[str | None, int] = (None, DEFAULT_ROWS),
) -> Errors:
    """Return what goes wrong in spans that start in a range, by its cause.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive. With a cursor the range of its first page counts.
        filters: Each holds of the span that failed.
        sort: frequent or recent: what comes first.
        page: `next_cursor` of the page before, and groups a page, 1 to 100.

    Raises:
        QueryError: The range, limit, cursor, order or a filter is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    place = rank_page(start_ns, end_ns, *page)
    if sort not in _ORDERS:
        raise QueryError(f"The order is {sort!r:.60}; use {' or '.join(_ORDERS)}.")
    failures = failures_in(store, place.start_ns, place.end_ns, filters)
    rows = store.select(
        statement("errors", deepest=deepest(failures, _RANKED), order=_ORDERS[sort]),
        {**failures.given, "limit": page[1] + 1, "skip": place.skip},
    )
    return Errors(
        start=place.start_ns / _SECOND,
        end=place.end_ns / _SECOND,
        since=failures.since_ns / _SECOND,
        step=failures.step_ns / _SECOND,
        spans=failures.spans,
        groups=_groups(store, failures, rows[: page[1]]),
        next_cursor=place.after(page[1], len(rows)),
    )


def failures_in(store: Store, start_ns: int, end_ns: int, filters: Filters, *, group: str | None = None) -> Failures:
    """Return the failures of a range, all of them or the newest.

    Raises:
        QueryError: A filter is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    conditions = Conditions(filters)
    bounds: dict[str, Parameter] = {**conditions.parameters, "start_ns": start_ns, "end_ns": end_ns}
    asked = Failures(start_ns, end_ns, start_ns, 0, conditions.each_span(), bounds)
    asked = asked if group is None else asked.of([group])
    step_ns = max(1, (end_ns - start_ns) // _STEPS)
    rows = store.select(statement("errors_steps", filters=asked.where), {**asked.given, "step_ns": step_ns})
    since_ns, spans = end_ns, 0
    for row in sorted(rows, key=lambda row: -count(row["step"])):
        if spans and spans + count(row["spans"]) > MOST_SPANS:
            break
        spans += count(row["spans"])
        since_ns = count(row["step"]) * step_ns
    total = sum(count(row["spans"]) for row in rows)
    since_ns = start_ns if spans == total else max(start_ns, since_ns)
    given = {**asked.given, "start_ns": since_ns}
    return asked._replace(since_ns=since_ns, spans=total, given=given)


def deepest(failures: Failures, columns: str) -> str:
    """Return the SQL of the failures, with some columns beside the ids and the group."""
    return statement("errors_deepest", filters=failures.where, columns=columns)


def retried(failures: Failures) -> str:
    """Return the SQL of where, in the traces of some failures, a repeated attempt succeeded."""
    return statement("errors_retried", traces=statement("error_traces", filters=failures.where))


def _groups(store: Store, failures: Failures, ranked: Sequence[Row]) -> tuple[ErrorGroup, ...]:
    """Return the groups of rows of errors.sql, in their order."""
    if not ranked:
        return ()
    chosen = failures.of([str(row["error_group"]) for row in ranked])
    over_time = store.select(
        statement("errors_over_time", deepest=deepest(chosen, _TIMED), retried=retried(chosen)),
        {**chosen.given, "step_ns": chosen.step_ns},
    )
    where = store.select(statement("errors_where", filters=chosen.where), {**chosen.given, "most": _MOST_PLACES})
    latest = store.select(
        statement("errors_samples", filters=chosen.where), {**chosen.given, "each": SAMPLES * _SPANS_A_SAMPLE}
    )
    before = store.select(statement("errors_before", filters=chosen.where), chosen.before)
    known = {row["error_group"] for row in before}
    return tuple(
        _group(
            row,
            failures,
            over_time=[step for step in over_time if step["failed_group"] == row["error_group"]],
            where=[place for place in where if place["error_group"] == row["error_group"]],
            samples=samples_of([one for one in latest if one["error_group"] == row["error_group"]], SAMPLES),
            is_new=row["error_group"] not in known,
        )
        for row in ranked
    )


def _group(
    row: Row,
    failures: Failures,
    *,
    over_time: Sequence[Row],
    where: Sequence[Row],
    samples: tuple[ErrorSample, ...],
    is_new: bool,
) -> ErrorGroup:
    by_step = {count(step["step"]): count(step["failures"]) for step in over_time}
    return ErrorGroup(
        group=str(row["error_group"]),
        type=samples[0].type if samples else None,
        message=samples[0].message if samples else None,
        count=count(row["failures"]),
        recovered=sum(count(step["recovered"]) for step in over_time),
        traces=count(row["traces"]),
        users=count(row["users"]),
        first_seen=count(row["first_ns"]) / _SECOND,
        last_seen=count(row["last_ns"]) / _SECOND,
        is_new=is_new,
        services=names(where, "service"),
        providers=names(where, "provider"),
        models=names(where, "model"),
        over_time=tuple(by_step.get(step, 0) for step in failures.steps),
        samples=samples,
    )


def samples_of(rows: Sequence[Row], most: int) -> tuple[ErrorSample, ...]:
    """Return the first of each trace."""
    by_trace: dict[str, Row] = {}
    for row in rows:
        by_trace.setdefault(str(row["trace_id"]), row)
    return tuple(_sample(row) for row in list(by_trace.values())[:most])


def _sample(row: Row) -> ErrorSample:
    return ErrorSample(
        trace_id=str(row["trace_id"]),
        span_id=str(row["span_id"]),
        time=count(row["start_ns"]) / _SECOND,
        service=text(row["service"]),
        user_id=text(row["user_id"]),
        type=text(row["error_type"]),
        message=text(row["error_message"]),
    )


def names(rows: Sequence[Row], column: str) -> tuple[str, ...]:
    """Return the known values of a column, in the order of the rows."""
    return tuple(dict.fromkeys(name for row in rows if (name := text(row[column])) is not None))[:MOST_NAMES]
