"""What prompt caches saved: cached tokens at the price they had, beside the price they would have had."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from spanglass.cost.rates import amount
from spanglass.cost.table import PriceTable
from spanglass.server.query.call_figures import sums
from spanglass.server.query.calls import Calls
from spanglass.server.query.figures import count, text
from spanglass.server.query.filters import ANY, Filters
from spanglass.server.store.protocol import Store

_DAY: Final = 86_400_000_000_000


class Savings(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    Attributes:
        start: Unix seconds, inclusive.
        end: Unix seconds, exclusive.
        input_tokens: All input tokens of the calls, cached ones included.
        cache_read_tokens: Of these, read from a cache.
        cache_write_tokens: Of these, written to one.
        saved: USD, by the price table's base rates on the day: what reads would have cost as plain input less what they
            did, less what writes cost above plain input; below 0 where writes did not pay. None where no call's model
            has prices.
        unpriced_tokens: Cached tokens, read or written, of models without prices; not in `saved`.
    """

    start: float
    end: float
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    saved: Decimal | None
    unpriced_tokens: int


def savings(
    store: Store, *, start_ns: int, end_ns: int, filters: Filters = ANY, prices: PriceTable | None = None
) -> Savings:
    """Return what prompt caches saved in the calls of a range.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.
        filters: Each holds of the call's own span.
        prices: The price table; the built-in one by default.

    Raises:
        QueryError: A filter is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    table = prices or PriceTable.builtin()
    dimensions = ("provider", "request_model", "response_model")
    calls = Calls(store, start_ns=start_ns, end_ns=end_ns, dimensions=dimensions, filters=filters, step_ns=_DAY)
    keys = {f"its_{name}": name for name in dimensions} | {"day": "sg_time_step(start_ns, $day_ns)"}
    total = read = written = unpriced = 0
    saved: Decimal | None = None
    for row in sums(store, calls, keys, more={"day_ns": _DAY}):
        reads, writes = count(row["all_tokens_cache_read"]), count(row["all_tokens_cache_write"])
        total, read, written = total + count(row["all_tokens_input"]), read + reads, written + writes
        if not reads and not writes:
            continue
        models = (text(row["its_response_model"]), text(row["its_request_model"]))
        found = table.find(text(row["its_provider"]), models)
        if found is None:
            unpriced += reads + writes
            continue
        rates = found.rates(at_ns=count(row["day"]) * _DAY, service_tier=None, input_tokens=0)
        units = reads * (rates.input - rates.cache_read) - writes * (rates.cache_write - rates.input)
        saved = (saved or Decimal(0)) + amount(units, rates.places)
    return Savings(
        start=start_ns / 1e9,
        end=end_ns / 1e9,
        input_tokens=total,
        cache_read_tokens=read,
        cache_write_tokens=written,
        saved=saved,
        unpriced_tokens=unpriced,
    )
