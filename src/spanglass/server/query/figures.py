"""Figures that answers share: money that says how it is known, percentiles, tokens."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of several calls.

    Attributes:
        amount: Sum of what is known, USD; None when nothing is known of any call. A lower bound if `unpriced` > 0.
        reported: Part of the amount that providers reported.
        computed: Part computed from recorded usage.
        estimated: Part that rests on an estimate.
        calls: Calls summed.
        unpriced: Calls among them that have no amount.
    """

    amount: Decimal | None
    reported: Decimal | None = None
    computed: Decimal | None = None
    estimated: Decimal | None = None
    calls: int = 0
    unpriced: int = 0


class Spend(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of one call.

    Attributes:
        state: reported, computed, estimated or unpriced.
        amount: USD; None when unpriced.
        input: The part spent on input; None when only a total is known.
        output: The part spent on output; None when only a total is known.
        source: provider or local.
        price_id: The matched row of the price table.
        table: Version of the price table.
    """

    state: str
    amount: Decimal | None = None
    input: Decimal | None = None
    output: Decimal | None = None
    source: str | None = None
    price_id: str | None = None
    table: str | None = None


class Percentiles(msgspec.Struct, frozen=True, kw_only=True):
    """Percentiles of durations, in seconds; None where nothing was measured."""

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """Token counts; None where no call said. `input` and `output` are inclusive totals."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
