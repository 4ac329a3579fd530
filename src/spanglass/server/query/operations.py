"""What a service does: the names of its spans, by kind."""

from __future__ import annotations

from typing import Final, NamedTuple

from spanglass.server.query.services import named_service
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Parameter, Store

LIMIT: Final = 1_000


class Operation(NamedTuple):
    """A span name and the kind of the spans that have it."""

    name: str
    kind: str


def operations(
    store: Store, service: str, *, start_ns: int, end_ns: int, kind: str | None = None
) -> tuple[Operation, ...]:
    """Return the most frequent names of a service's spans that start in a range, at most 1,000, sorted.

    Args:
        store: Where to look.
        service: The service; `UNKNOWN` for spans that name none.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.
        kind: internal, client, server, producer, consumer or unspecified; None for all.

    Raises:
        QueryError: The question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    asked: dict[str, Parameter] = {"start_ns": start_ns, "end_ns": end_ns, "limit": LIMIT}
    condition, of_service = named_service(service)
    filters = f"AND {condition}"
    if kind is not None:
        filters += " AND kind = $kind"
        asked["kind"] = kind
    rows = store.select(statement("operations", filters=filters), {**asked, **of_service})
    return tuple(sorted(Operation(str(row["name"]), str(row["kind"])) for row in rows))
