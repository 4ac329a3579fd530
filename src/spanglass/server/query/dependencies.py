"""Which service calls which other."""

from __future__ import annotations

from typing import Final, NamedTuple

from spanglass.server.query.figures import count
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Store

MOST_SPANS: Final = 200_000
"""Spans looked at; where the range has more, the newest part of it that has fewer."""
_LIMIT: Final = 1_000
_PARTS: Final = (1, 8, 64, 512, 4_096, 32_768, 262_144)


class Dependency(NamedTuple):
    """How often a service called another."""

    parent: str
    child: str
    calls: int


class Dependencies(NamedTuple):
    """The answer.

    Attributes:
        start_ns: Where the part that was looked at begins, Unix ns; later than the range where it is a sample.
        calls: Most first, at most 1,000.
    """

    start_ns: int
    calls: tuple[Dependency, ...]


def dependencies(store: Store, *, start_ns: int, end_ns: int) -> Dependencies:
    """Return the calls between services in a range, of at most its newest 200,000 spans or so.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.

    Raises:
        QueryError: The question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    since_ns = _since(store, start_ns, end_ns)
    rows = store.select(statement("dependencies"), {"start_ns": since_ns, "end_ns": end_ns, "limit": _LIMIT})
    return Dependencies(
        since_ns, tuple(Dependency(str(row["parent"]), str(row["child"]), count(row["calls"])) for row in rows)
    )


def _since(store: Store, start_ns: int, end_ns: int) -> int:
    """Return where the newest part of the range begins that is few enough spans."""
    since_ns = start_ns
    for part in _PARTS:
        since_ns = end_ns - max(1, (end_ns - start_ns) // part)
        found = store.select(statement("dependencies_spans"), {"start_ns": since_ns, "end_ns": end_ns})
        if count(found[0]["spans"]) <= MOST_SPANS:
            break
    return since_ns
