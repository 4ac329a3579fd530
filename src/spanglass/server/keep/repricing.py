"""What stored calls cost by the present price table: said first, written where that is asked for."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final

from spanglass.call import Cost, CostState
from spanglass.cost.price import price
from spanglass.cost.table import PriceTable
from spanglass.server.keep.jobs import Repricing, Tell
from spanglass.server.query.figures import Money, decimal
from spanglass.server.query.filters import Filters
from spanglass.server.query.priced import PricedCall, priced_calls
from spanglass.server.store.keeping import Keeping, Repriced
from spanglass.server.store.protocol import Store
from spanglass.server.store.rows import MONEY_PLACES

_SMALLEST: Final = Decimal(1).scaleb(-MONEY_PLACES)
_DIGITS: Final = Context(prec=60)
"""Of an amount; whoever claims 2^63 tokens has one of 32, and Python's own context holds 28."""


class _Sums:
    """The cost of calls, summed by state."""

    def __init__(self) -> None:
        self._by_state = dict.fromkeys(CostState, Decimal(0))
        self._calls = dict.fromkeys(CostState, 0)

    def add(self, cost: Cost) -> None:
        self._calls[cost.state] += 1
        self._by_state[cost.state] += cost.amount or 0

    def money(self) -> Money:
        """Return the sums; None where there is nothing to sum."""
        known = {
            state.value: decimal(self._by_state[state]) if self._calls[state] else None
            for state in (CostState.REPORTED, CostState.COMPUTED, CostState.ESTIMATED)
        }
        calls = sum(self._calls.values())
        priced = calls > self._calls[CostState.UNPRICED]
        amount = decimal(sum(self._by_state.values(), Decimal(0))) if priced else None
        return Money(amount=amount, calls=calls, unpriced=self._calls[CostState.UNPRICED], **known)


def reprice(
    store: Store,
    keeping: Keeping,
    prices: PriceTable,
    *,
    asked: range,
    filters: Filters,
    apply: bool,
    tell: Tell,
) -> Repricing:
    """Price the calls of a range anew.

    Args:
        store: Where they are.
        keeping: Who writes new costs.
        prices: The present price table.
        asked: The range, Unix ns.
        filters: Which calls.
        apply: Write the new costs.
        tell: Told how far it has come.

    Raises:
        QueryError: A filter cannot be asked for.
        StoreUnavailable: The store cannot be read or written; what was written before stays.
    """
    before, after = _Sums(), _Sums()
    calls = changed = kept = 0
    first_ns = None
    for page in priced_calls(store, filters, start_ns=asked.start, end_ns=asked.stop):
        new: list[Repriced] = []
        for call in page.calls:
            if call.cost.state is CostState.REPORTED:
                kept += 1
                continue
            cost = _cost(call, prices)
            calls += 1
            before.add(call.cost)
            after.add(cost)
            if _told(cost) != _told(call.cost):
                new.append(Repriced(call.start_ns, call.trace_id, call.span_id, cost))
        changed += len(new)
        if apply:
            keeping.reprice(new)
        if page.calls and first_ns is None:
            first_ns = page.calls[0].start_ns
        if first_ns is not None:
            tell(min(1.0, (page.until_ns - first_ns) / max(1, asked.stop - first_ns)))
    return Repricing(
        applied=apply,
        calls=calls,
        changed=changed,
        kept=kept,
        table=prices.version,
        before=before.money(),
        after=after.money(),
    )


def _cost(call: PricedCall, prices: PriceTable) -> Cost:
    """Return what a call costs now: by the table, else as its producer said."""
    cost = price(
        call.usage,
        provider=call.provider,
        models=call.models,
        at_ns=call.start_ns,
        service_tier=call.service_tier,
        table=prices,
    )
    if cost.state is not CostState.UNPRICED or call.producer_cost is None:
        return cost
    if call.cost.amount == call.producer_cost:
        return call.cost
    return Cost(CostState.COMPUTED, call.producer_cost, "local")


def _told(cost: Cost) -> tuple[object, ...]:
    amounts = (cost.amount, cost.input_amount, cost.output_amount)
    return (
        cost.state,
        cost.price_id,
        *(None if one is None else one.quantize(_SMALLEST, context=_DIGITS) for one in amounts),
    )
