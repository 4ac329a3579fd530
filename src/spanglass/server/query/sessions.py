"""Which sessions are there: the newest activity first, paged by cursor, each with turns, calls, tokens and cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from spanglass.errors import QueryError
from spanglass.server.query.cursor import read_cursor, write_cursor
from spanglass.server.query.figures import Money, Tokens, count, money, text, texts, tokens
from spanglass.server.query.filters import ANY, Conditions, Filters
from spanglass.server.query.statement import statement
from spanglass.server.query.steps import demand_range
from spanglass.server.store.protocol import Parameter, Row, Store

MAX_LIMIT: Final = 500
MOST_NAMES: Final = 50
"""Services, features and models told of one session."""
_SECOND: Final = 1_000_000_000
_SLICES: Final = (64, 8, 1)
"""Parts of the range that are looked at in turn, newest first, until a page is full."""
BEFORE_NS: Final = 3600 * _SECOND
"""How much earlier than the first span that names a session the spans of its traces are looked for."""
_AFTER: Final = "HAVING max(start_ns) <= $after_ns"
_NOT_FAILED: Final = "\n  AND session_id NOT IN (\n{failed}\n)"
_FAILED: Final = "status = 'error'"
_COLUMNS: Final = (
    *("trace_id", "start_ns", "end_ns", "status", "service", "environment", "user_id", "feature"),
    *("operation", "request_model", "response_model", "resend_count"),
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens"),
    *("cost_state", "cost_amount"),
)


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One session, as far as it lies in the range.

    Attributes:
        session_id: As sent; any characters.
        user_id: The first known.
        environment: The first known.
        start: Unix seconds, of its first span.
        end: Unix seconds, the end of its last.
        duration: Seconds between them.
        turns: How many traces.
        calls: Model calls (attempts less retries).
        retries: Retried attempts.
        errors: Spans with status error.
        status: error where a span failed; else ok.
        tokens: Summed over model calls.
        cost: Summed over model calls.
        services: Sorted, at most 50.
        features: Likewise.
        models: Those that answered, by the name asked for where the answer has none; likewise.
    """

    session_id: str
    user_id: str | None
    environment: str | None
    start: float
    end: float
    duration: float
    turns: int
    calls: int
    retries: int
    errors: int
    status: str
    tokens: Tokens
    cost: Money
    services: tuple[str, ...]
    features: tuple[str, ...]
    models: tuple[str, ...]


class Sessions(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: one page, and the cursor of the next or None."""

    sessions: tuple[SessionRow, ...]
    next_cursor: str | None


def sessions(
    store: Store,
    *,
    start_ns: int,
    end_ns: int,
    filters: Filters = ANY,
    cursor: str | None = None,
    limit: int = 50,
) -> Sessions:
    """Return the sessions that have spans in a range, the newest span that names them first.

    A span belongs to the session that it names or, where it names none, to the one that its trace names. Each filter
    must hold of some span of one of its traces, of the same trace all of them; `status` is the session's.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive. With a cursor the end of its first page counts, so that the pages stay
            stable while sessions go on.
        filters: What to narrow to.
        cursor: `next_cursor` of the page before.
        limit: Sessions a page, 1 to 500.

    Raises:
        QueryError: The range, limit, cursor or a filter is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    end_ns, after_ns, skip = (end_ns, end_ns, 0) if cursor is None else read_cursor(cursor, 3)
    demand_range(start_ns, end_ns)
    if not 1 <= limit <= MAX_LIMIT or not 0 <= skip < 2**31:
        raise QueryError(f"The limit is {limit}; use 1 to {MAX_LIMIT}.")
    asked = range(start_ns, end_ns)
    page = _page(store, asked, filters, (after_ns, skip), limit + 1)
    shown = [session_id for session_id, _ in page[:limit]]
    which = spans_of(store, asked, shown)
    rows = {} if which is None else session_rows(store, which)
    next_cursor = None
    if len(page) > limit:
        last_ns = page[limit - 1][1]
        same = sum(at_ns == last_ns for _, at_ns in page[:limit])
        next_cursor = write_cursor(end_ns, last_ns, same + (skip if last_ns == after_ns else 0))
    return Sessions(sessions=tuple(rows[one] for one in shown if one in rows), next_cursor=next_cursor)


def session_rows(store: Store, which: Mapping[str, Parameter]) -> Mapping[str, SessionRow]:
    """Return the rows of sessions by id; beside those asked for, others that share traces with them, in part.

    Args:
        store: Where to look.
        which: Those, as `spans_of` says it.

    Raises:
        QueryError: The question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    sql = statement("sessions", sums=statement("sums"), spans=statement("session_spans", columns=", ".join(_COLUMNS)))
    return {str(row["of_session"]): _row(row) for row in store.select(sql, which)}


def spans_of(store: Store, asked: range, session_ids: Sequence[str]) -> Mapping[str, Parameter] | None:
    """Return the parameters of `session_spans.sql`; None where the range has no span of these sessions.

    Raises:
        QueryError: The question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    if not session_ids:
        return None
    which: dict[str, Parameter] = {"session_ids": list(session_ids), "end_ns": asked.stop}
    (row,) = store.select(statement("sessions_since"), {**which, "start_ns": asked.start})
    if not row["spans"]:
        return None
    return {**which, "since_ns": max(asked.start, count(row["since_ns"]) - BEFORE_NS)}


def _page(
    store: Store, asked: range, filters: Filters, place: tuple[int, int], wanted: int
) -> Sequence[tuple[str, int]]:
    """Return the wanted sessions and when the last span that names each starts, or all there are.

    Looks at the newest slice of the range first: what has its last span there has it there in the whole range, too.
    """
    after_ns, skip = place
    sql, parameters = page_statement(filters)
    found: list[tuple[str, int]] = []
    slice_ns = asked.stop
    for part in _SLICES:
        if slice_ns <= asked.start or len(found) >= wanted:
            break
        slice_ns = max(asked.start, after_ns + 1 - max(1, (after_ns + 1 - asked.start) // part))
        bounds: dict[str, Parameter] = {"slice_ns": slice_ns, "end_ns": asked.stop, "limit": wanted, "skip": skip}
        if "$start_ns" in sql:
            bounds["start_ns"] = max(asked.start, slice_ns - BEFORE_NS)
        if "$range_ns" in sql:
            bounds["range_ns"] = asked.start
        rows = store.select(sql, {**parameters, **bounds, "after_ns": after_ns})
        found = [(str(row["session_id"]), count(row["last_ns"])) for row in rows]
    return found


def page_statement(filters: Filters) -> tuple[str, Mapping[str, Parameter]]:
    """Return the SQL that chooses a page's sessions, and its parameters but for the bounds.

    Raises:
        QueryError: A filter is wrong.
    """
    conditions = Conditions(filters)
    where = conditions.some_span()
    if conditions.status == "error":
        where += f"\n  AND trace_key IN (\n{statement('traces_matching', condition=_FAILED)}\n)"
    elif conditions.status is not None:
        where += _NOT_FAILED.format(failed=statement("sessions_failed"))
    return statement("sessions_page", filters=where, after=_AFTER), conditions.parameters


def _row(row: Row) -> SessionRow:
    first_ns, last_ns = count(row["first_ns"]), count(row["last_ns"])
    attempts, retries, errors = count(row["attempts"]), count(row["retries"]), count(row["errors"])
    return SessionRow(
        session_id=str(row["of_session"]),
        user_id=text(row["first_user"]),
        environment=text(row["first_environment"]),
        start=first_ns / _SECOND,
        end=last_ns / _SECOND,
        duration=(last_ns - first_ns) / _SECOND,
        turns=count(row["turns"]),
        calls=attempts - retries,
        retries=retries,
        errors=errors,
        status="error" if errors else "ok",
        tokens=tokens(row),
        cost=money(row),
        services=texts(row["all_services"])[:MOST_NAMES],
        features=texts(row["all_features"])[:MOST_NAMES],
        models=texts(row["all_models"])[:MOST_NAMES],
    )
