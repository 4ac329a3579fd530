"""What has come in since a moment: the newest spans by when they were received, and how many more there are."""

from __future__ import annotations

from typing import Final, NamedTuple

from spanglass.server.query.figures import count
from spanglass.server.query.filters import Conditions, Filters
from spanglass.server.query.span_row import COLUMNS, SpanRow, span_row
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Parameter, Store

_STARTED_NS: Final = 300 * 1_000_000_000
"""How long before it came a span may have started whose content is searched."""
_LATEST_NS: Final = 2**63 - 1


class Key(NamedTuple):
    """What tells one span that came from another, and says which came first."""

    received_ns: int
    start_ns: int
    span_id: str


class Arrived(NamedTuple):
    """What has come in.

    Attributes:
        spans: The newest, the oldest of them first.
        more: How many older ones there are since the moment asked for.
    """

    spans: tuple[tuple[Key, SpanRow], ...]
    more: int


def arrived(store: Store, *, since_ns: int, filters: Filters, limit: int) -> Arrived:
    """Return the spans that were received after a moment and satisfy the filters, each by itself.

    Args:
        store: Where to look.
        since_ns: Unix nanoseconds, exclusive.
        filters: What to narrow to. Text is looked for in what was said in spans of the five minutes before.
        limit: Most spans.

    Raises:
        QueryError: A filter is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    conditions = Conditions(filters)
    where = conditions.each_span()
    asked: dict[str, Parameter] = {**conditions.parameters, "since_ns": since_ns}
    if "$start_ns" in where:
        asked |= {"start_ns": max(0, since_ns - _STARTED_NS), "end_ns": _LATEST_NS}
    rows = store.select(statement("tail", columns=COLUMNS, filters=where), {**asked, "limit": limit})
    more = 0
    if len(rows) == limit:
        (there,) = store.select(statement("tail_count", filters=where), asked)
        more = max(0, count(there["spans"]) - limit)
    keyed = (
        (Key(count(row["received_ns"]), count(row["start_ns"]), str(row["span_id"])), span_row(row)) for row in rows
    )
    return Arrived(tuple(reversed(tuple(keyed))), more)
