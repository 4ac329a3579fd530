"""Which spans are like this: newest first, looked for slice by slice until a page is full or the time is up."""

from __future__ import annotations

from typing import Final

import msgspec

from spanglass.errors import QueryError
from spanglass.server.query.cursor import read_cursor, write_cursor
from spanglass.server.query.figures import count
from spanglass.server.query.filters import ANY, Conditions, Filters
from spanglass.server.query.lookback import Question, look_back
from spanglass.server.query.span_row import COLUMNS, SpanRow, span_row
from spanglass.server.query.statement import statement
from spanglass.server.query.steps import demand_range
from spanglass.server.store.protocol import Store

MAX_LIMIT: Final = 500
TIME_S: Final = 2.0
"""How long a search goes on, seconds, where it has found no full page."""
_SECOND: Final = 1_000_000_000


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: one page.

    Attributes:
        spans: Newest first.
        next_cursor: Where to go on; None where the whole range was searched.
        searched_back_to: Unix seconds: what started before was not looked at yet. The start of the range at the end.
        complete: The whole range was searched.
    """

    spans: tuple[SpanRow, ...]
    next_cursor: str | None
    searched_back_to: float
    complete: bool


def search(
    store: Store,
    *,
    start_ns: int,
    end_ns: int,
    filters: Filters = ANY,
    cursor: str | None = None,
    limit: int = 50,
    time_s: float = TIME_S,
) -> Search:
    """Return spans that start in a range and satisfy the filters, each by itself, newest first.

    It stops when the page is full or the time is up, and says how far back it looked; a page may so be short, or
    empty, with more to be found behind its cursor.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.
        filters: What to narrow to.
        cursor: `next_cursor` of the page before.
        limit: Spans a page, 1 to 500.
        time_s: How long to look, seconds; at least one slice is looked at.

    Raises:
        QueryError: The range, limit, cursor or a filter is wrong, or one slice took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    skip = 0
    if cursor is not None:
        end_ns, skip = read_cursor(cursor, 2)
    demand_range(start_ns, end_ns)
    if not 1 <= limit <= MAX_LIMIT or not 0 <= skip <= MAX_LIMIT * MAX_LIMIT:
        raise QueryError(f"The limit is {limit}; use 1 to {MAX_LIMIT}.")
    conditions = Conditions(filters)
    question = Question(statement("search", columns=COLUMNS, filters=conditions.each_span()), conditions.parameters)
    found, searched_ns = look_back(store, question, range(start_ns, end_ns), wanted=limit + 1, skip=skip, time_s=time_s)
    spans = tuple(map(span_row, found[:limit]))
    if len(found) > limit:
        last_ns = count(found[limit - 1]["start_ns"])
        same = sum(row["start_ns"] == last_ns for row in found[:limit])
        beyond = write_cursor(last_ns + 1, same + (skip if last_ns + 1 == end_ns else 0))
        return Search(spans=spans, next_cursor=beyond, searched_back_to=last_ns / _SECOND, complete=False)
    complete = searched_ns <= start_ns
    return Search(
        spans=spans,
        next_cursor=None if complete else write_cursor(searched_ns, 0),
        searched_back_to=searched_ns / _SECOND,
        complete=complete,
    )
