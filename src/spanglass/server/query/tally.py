"""Sums and percentiles over rows that were read one by one, in the shapes that SQL's sums have."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from spanglass.server.query.figures import Money, Percentiles, Tokens, decimal, whole
from spanglass.server.store.protocol import Row

_KINDS: Final = ("input", "output", "cache_read", "cache_write", "reasoning")
CALL_COLUMNS: Final = (
    "input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_state, cost_amount"
)
"""What `Tally.add` reads of a row."""


@dataclass(slots=True)
class Tally:
    """What some model calls used and cost.

    Attributes:
        calls: Rows that were billed or have no price.
        unpriced: Those of them without an amount.
        counts: Tokens by kind; a kind that no row said is absent.
        amounts: USD by the state of the cost.
    """

    calls: int = 0
    unpriced: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    amounts: dict[str, Decimal] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Add the row of a model call, with the columns of CALL_COLUMNS."""
        for kind in _KINDS:
            tokens = whole(row[f"{kind}_tokens"])
            if tokens is not None:
                self.counts[kind] = self.counts.get(kind, 0) + tokens
        state, amount = row["cost_state"], row["cost_amount"]
        if isinstance(state, str):
            self.calls += 1
            self.unpriced += state == "unpriced"
            if isinstance(amount, int | Decimal):
                self.amounts[state] = self.amounts.get(state, Decimal(0)) + amount

    def include(self, other: Tally) -> None:
        """Add another tally."""
        self.calls += other.calls
        self.unpriced += other.unpriced
        for kind, tokens in other.counts.items():
            self.counts[kind] = self.counts.get(kind, 0) + tokens
        for state, amount in other.amounts.items():
            self.amounts[state] = self.amounts.get(state, Decimal(0)) + amount

    @property
    def amount(self) -> Decimal | None:
        """Sum of what is known, USD; None where nothing is."""
        return sum(self.amounts.values(), Decimal(0)) if self.amounts else None

    @property
    def money(self) -> Money:
        """The cost, by how it is known."""
        return Money(
            amount=decimal(self.amount),
            reported=decimal(self.amounts.get("reported")),
            computed=decimal(self.amounts.get("computed")),
            estimated=decimal(self.amounts.get("estimated")),
            calls=self.calls,
            unpriced=self.unpriced,
        )

    @property
    def tokens(self) -> Tokens:
        """The tokens."""
        return Tokens(**{kind: self.counts.get(kind) for kind in _KINDS})


def spread(values: Sequence[float]) -> Percentiles:
    """Return the percentiles of some values, interpolated as the store's are; None of no values."""
    ordered = sorted(values)
    return Percentiles(p50=_at(ordered, 0.5), p95=_at(ordered, 0.95), p99=_at(ordered, 0.99))


def _at(ordered: Sequence[float], share: float) -> float | None:
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return float(f"{ordered[low] + (ordered[high] - ordered[low]) * (place - low):.9g}")
