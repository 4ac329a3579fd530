"""Which traces are there: newest first, filtered, paged by cursor, each with tokens, cost and its state."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from spanglass.errors import QueryError
from spanglass.server.query.cursor import read_cursor, write_cursor
from spanglass.server.query.figures import Money, Tokens, count, money, seconds, text, texts, tokens
from spanglass.server.query.filters import ANY, Conditions, Filters
from spanglass.server.query.statement import in_list, statement
from spanglass.server.query.steps import demand_range
from spanglass.server.store.protocol import Parameter, Row, Store

MAX_LIMIT: Final = 500
_SECOND: Final = 1_000_000_000
_SLICES: Final = (64, 8, 1)
"""Parts of the range that are looked at in turn, newest first, until a page is full."""
_GROWTH: Final = 4
_SLOW_SLICES: Final = (4096, 1024, 256, 64, 16, 4, 1)
"""The same where texts are looked through; each is four times the one before."""
_PATIENCE_S: Final = 2.0
"""How long texts are looked through for one page."""
_LONG_NS: Final = 3_600 * _SECOND
"""How long after its first span a trace is looked through, at most, where texts are."""
_FIRST_KEY: Final = -(2**63)
"""Below every key: a page that begins there has none of its first instant, which the page before had."""
_SPARE: Final = 16
"""Traces read beyond a page, so that a few long ones, which belong further down, do not cost a second look."""
_AFTER: Final = "HAVING min(start_ns) < $after_ns OR (min(start_ns) = $after_ns AND trace_key < $after_key)"


class TraceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One trace in the list.

    Attributes:
        trace_id: 32 hex digits.
        name: Of its root span, else of its earliest span.
        service: Of that span.
        environment: Of that span.
        services: All services in it, sorted.
        start: Unix seconds.
        duration: Seconds, earliest start to latest end.
        spans: How many spans.
        calls: How many model calls (attempts less retries).
        retries: How many retried attempts.
        errors: How many spans with status error.
        status: error when its root failed or, without a root, any span did; else ok.
        models: Models that answered, by the name asked for where the answer has none; sorted.
        tokens: Summed over model calls.
        cost: Summed over model calls.
        first_token: Earliest first content of its streams, seconds from that stream's request.
        user_id: The first known.
        session_id: The first known.
        feature: The first known.
    """

    trace_id: str
    name: str
    service: str | None
    environment: str | None
    services: tuple[str, ...]
    start: float
    duration: float
    spans: int
    calls: int
    retries: int
    errors: int
    status: str
    models: tuple[str, ...]
    tokens: Tokens
    cost: Money
    first_token: float | None
    user_id: str | None
    session_id: str | None
    feature: str | None


class Traces(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    Attributes:
        traces: One page.
        next_cursor: Of the next; None where the range holds no more.
        searched_back_to: Unix seconds; all of the range from then on was looked at. Where texts or attributes are
            looked through, a page ends after some two seconds, also when it is not full; the next one goes on there.
        complete: The page is full, or all of the range was looked at.
    """

    traces: tuple[TraceRow, ...]
    next_cursor: str | None
    searched_back_to: float
    complete: bool


class Place(NamedTuple):
    """Where a page ended: the order of its last trace, and the question's end, which later pages keep."""

    end_ns: int
    after_ns: int
    after_key: int


def traces(
    store: Store,
    *,
    start_ns: int,
    end_ns: int,
    filters: Filters = ANY,
    cursor: str | None = None,
    limit: int = 50,
) -> Traces:
    """Return the traces of which a span starts in a range, newest first by the first such span.

    What a row says is summed over the whole trace, also outside the range. Each filter must hold of some span that
    starts in the range, not all of the same one; `status` is the trace's.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive. With a cursor the end of its first page counts, so that the pages stay
            stable while new traces arrive.
        filters: What to narrow to.
        cursor: `next_cursor` of the page before.
        limit: Traces a page, 1 to 500.

    Raises:
        QueryError: The range, limit, cursor or a filter is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    place = None if cursor is None else Place(*read_cursor(cursor, len(Place._fields)))
    end_ns = end_ns if place is None else place.end_ns
    demand_range(start_ns, end_ns)
    if not 1 <= limit <= MAX_LIMIT:
        raise QueryError(f"The limit is {limit}; use 1 to {MAX_LIMIT}.")
    found = _page(store, range(start_ns, end_ns), filters, place, limit + 1)
    shown = found.page[:limit]
    last = None
    if len(found.page) > limit:
        last = Place(end_ns, *shown[-1])
    elif found.slice_ns > start_ns:
        last = Place(end_ns, found.slice_ns, _FIRST_KEY)
    return Traces(
        traces=_rows(store, [key for _, key in shown], found.since_ns),
        next_cursor=None if last is None else write_cursor(*last),
        searched_back_to=(shown[-1][0] if len(found.page) > limit else found.slice_ns) / _SECOND,
        complete=len(found.page) > limit or found.slice_ns == start_ns,
    )


class _Found(NamedTuple):
    """What was found: the order (first start, key) of traces, since when these have spans, how far it was looked."""

    page: Sequence[tuple[int, int]]
    since_ns: int
    slice_ns: int


def _page(store: Store, asked: range, filters: Filters, place: Place | None, wanted: int) -> _Found:
    """Return the wanted traces, or all there are, or those found in time.

    Looks at the newest slice of the range first. A trace that has spans in the range before the slice belongs further
    down, where its first span is; all other traces of the slice have their first span, and so all that the filters
    look at, within it.
    """
    sql, parameters = page_statement(filters, place)
    slow = filters.text is not None or filters.q is not None
    before_ns = asked.stop if place is None else min(asked.stop, place.after_ns + 1)
    page: list[tuple[int, int]] = []
    slice_ns = since_ns = before_ns
    began = ended = time.monotonic()
    for part in _SLOW_SLICES if slow else _SLICES:
        took, ended = time.monotonic() - ended, time.monotonic()
        enough = len(page) >= wanted or (slow and ended - began + took * _GROWTH > _PATIENCE_S)
        if slice_ns <= asked.start or (enough and slice_ns < before_ns):
            break
        slice_ns = max(asked.start, before_ns - max(2, (before_ns - asked.start) // part))
        bounds = {"start_ns": slice_ns, "before_ns": before_ns, "limit": wanted + _SPARE}
        if "$end_ns" in sql:
            bounds["end_ns"] = min(asked.stop, before_ns + _LONG_NS) if slow else asked.stop
        rows = store.select(sql, {**parameters, **bounds})
        page = [(count(row["first_ns"]), count(row["trace_key"])) for row in rows]
    older = _older(store, [key for _, key in page], asked.start, slice_ns)
    page = [order for order in page if not (order[1] in older and older[order[1]][1])]
    since_ns = min([slice_ns, *(since for since, _ in older.values())])
    return _Found(page[:wanted], since_ns, slice_ns)


def _older(store: Store, keys: Sequence[int], range_ns: int, slice_ns: int) -> dict[int, tuple[int, bool]]:
    """Return, of the traces that have spans before the slice, since when and whether some are in the range."""
    if not keys:
        return {}
    names, named = in_list(keys, "key")
    rows = store.select(statement("traces_older", keys=names), {**named, "range_ns": range_ns, "start_ns": slice_ns})
    return {count(row["trace_key"]): (count(row["since_ns"]), bool(row["in_range"])) for row in rows}


def page_statement(filters: Filters, place: Place | None) -> tuple[str, Mapping[str, Parameter]]:
    """Return the SQL that chooses a page's traces, and its parameters but for range and limit.

    Raises:
        QueryError: A filter is wrong.
    """
    conditions = Conditions(filters)
    where = conditions.some_span()
    if conditions.status is not None:
        within = "IN" if conditions.status == "error" else "NOT IN"
        where += f"\n  AND trace_key {within} (\n{statement('traces_failed')}\n)"
    after: Mapping[str, Parameter] = {} if place is None else {"after_ns": place.after_ns, "after_key": place.after_key}
    sql = statement("traces_page", filters=where, after="" if place is None else _AFTER)
    return sql, {**conditions.parameters, **after}


def _rows(store: Store, keys: Sequence[int], since_ns: int) -> tuple[TraceRow, ...]:
    """Return the rows of traces in the order of their keys; ids that share a key stand beside each other."""
    if not keys:
        return ()
    names, named = in_list(keys, "key")
    found: dict[int, list[TraceRow]] = {}
    for row in store.select(statement("traces", keys=names, sums=statement("sums")), {**named, "since_ns": since_ns}):
        found.setdefault(count(row["trace_key"]), []).append(_row(row))
    return tuple(row for key in keys for row in found.get(key, ()))


def _row(row: Row) -> TraceRow:
    first_ns, last_ns = count(row["first_ns"]), count(row["last_ns"])
    attempts, retries, errors = count(row["attempts"]), count(row["retries"]), count(row["errors"])
    failed = bool(row["root_failed"]) if row["has_root"] else errors > 0
    return TraceRow(
        trace_id=str(row["trace_id"]),
        name=str(row["head_name"]),
        service=text(row["head_service"]),
        environment=text(row["head_environment"]),
        services=texts(row["all_services"]),
        start=first_ns / _SECOND,
        duration=(last_ns - first_ns) / _SECOND,
        spans=count(row["all_spans"]),
        calls=attempts - retries,
        retries=retries,
        errors=errors,
        status="error" if failed else "ok",
        models=texts(row["all_models"]),
        tokens=tokens(row),
        cost=money(row),
        first_token=seconds(row["first_content_ns"]),
        user_id=text(row["first_user"]),
        session_id=text(row["first_session"]),
        feature=text(row["first_feature"]),
    )
