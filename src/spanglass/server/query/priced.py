"""Stored calls with what prices them, a portion at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from spanglass.call import Cost, CostState, Usage
from spanglass.server.query.figures import count, text, whole
from spanglass.server.query.filters import Conditions, Filters
from spanglass.server.query.portions import Source, portions
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Cell, Row, Store

_ROWS: Final = 2_000
_BILLED: Final = "\n  AND operation IS NOT NULL AND cost_state IS NOT NULL"


class PricedCall(NamedTuple):
    """One stored call.

    Attributes:
        start_ns: Start of its span, Unix ns.
        trace_id: Its trace.
        span_id: Its span.
        provider: Who answered.
        models: The model that answered and the one asked for.
        service_tier: The tier that served it.
        usage: What it used; None where that is unknown.
        cost: What it costs, as stored.
        producer_cost: What its producer said it costs, USD.
    """

    start_ns: int
    trace_id: str
    span_id: str
    provider: str | None
    models: tuple[str | None, str | None]
    service_tier: str | None
    usage: Usage | None
    cost: Cost
    producer_cost: Decimal | None


class Page(NamedTuple):
    """Some calls, and up to when all have been read, Unix ns."""

    calls: Sequence[PricedCall]
    until_ns: int


def priced_calls(store: Store, filters: Filters, *, start_ns: int, end_ns: int) -> Iterator[Page]:
    """Yield the billed calls of a range in its order, at most 2,000 at a time.

    Raises:
        QueryError: A filter cannot be asked for.
    """
    conditions = Conditions(filters)
    narrowed = _BILLED + conditions.each_span()
    source = Source("spans", "start_ns", "1", narrowed, conditions.parameters)
    sql = statement("priced", conditions=narrowed)
    for part in portions(store, source, start_ns=start_ns, end_ns=end_ns, rows=_ROWS, size=_ROWS):
        bounds = {"since_ns": part.since_ns, "until_ns": part.until_ns, "skip": part.skip, "rows": part.rows}
        rows = store.select(sql, {**conditions.parameters, **bounds})
        yield Page([_call(row) for row in rows], part.until_ns)


def _call(row: Row) -> PricedCall:
    return PricedCall(
        start_ns=count(row["start_ns"]),
        trace_id=str(row["trace_id"]),
        span_id=str(row["span_id"]),
        provider=text(row["provider"]),
        models=(text(row["response_model"]), text(row["request_model"])),
        service_tier=text(row["service_tier"]),
        usage=_usage(row),
        cost=Cost(
            CostState(str(row["cost_state"])),
            _money(row["cost_amount"]),
            text(row["cost_source"]),
            text(row["cost_price_id"]),
            text(row["cost_table"]),
            _money(row["cost_input"]),
            _money(row["cost_output"]),
        ),
        producer_cost=_money(row["producer_cost"]),
    )


def _usage(row: Row) -> Usage | None:
    names = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
    counts = {name: whole(row[name]) for name in (*names, "cache_write_1h_tokens", "reasoning_tokens")}
    details = text(row["usage_details"])
    rarer = {} if details is None else msgspec.json.decode(details, type=dict[str, int])
    if not rarer and all(value is None for value in counts.values()):
        return None
    return Usage(**counts, **rarer, estimated=row["usage_estimated"] is True)


def _money(cell: Cell) -> Decimal | None:
    return cell if isinstance(cell, Decimal) else None
