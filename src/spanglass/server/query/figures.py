"""Figures that answers share: money that says how it is known, percentiles, tokens; and how they are read from rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from spanglass.server.store.protocol import Cell, Row


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of several calls.

    Attributes:
        amount: Sum of what is known, USD; None when nothing is known of any call. A lower bound if `unpriced` > 0.
        reported: Part of the amount that providers reported.
        computed: Part computed from recorded usage.
        estimated: Part that rests on an estimate.
        calls: Attempts summed; those refused before they used anything are not among them.
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


def money(row: Row, prefix: str = "") -> Money:
    """Return the sum of a row with the columns cost, cost_{reported,computed,estimated}, billed and unpriced."""
    return Money(
        amount=decimal(row[f"{prefix}cost"]),
        reported=decimal(row[f"{prefix}cost_reported"]),
        computed=decimal(row[f"{prefix}cost_computed"]),
        estimated=decimal(row[f"{prefix}cost_estimated"]),
        calls=count(row[f"{prefix}billed"]),
        unpriced=count(row[f"{prefix}unpriced"]),
    )


def spend(row: Row) -> Spend | None:
    """Return what the call of a row cost; None where it is no call or used nothing."""
    state = text(row["cost_state"])
    if state is None:
        return None
    return Spend(
        state=state,
        amount=decimal(row["cost_amount"]),
        input=decimal(row["cost_input"]),
        output=decimal(row["cost_output"]),
        source=text(row["cost_source"]),
        price_id=text(row["cost_price_id"]),
        table=text(row["cost_table"]),
    )


def tokens(row: Row, prefix: str = "tokens_", suffix: str = "") -> Tokens:
    """Return the token counts of a row, from columns named prefix, kind, suffix."""
    kinds = ("input", "output", "cache_read", "cache_write", "reasoning")
    return Tokens(**{kind: whole(row[f"{prefix}{kind}{suffix}"]) for kind in kinds})


def percentiles(cell: Cell) -> Percentiles:
    """Return what the vocabulary's `percentiles` measured: 4-byte seconds, so 7 digits are true."""
    if not isinstance(cell, Sequence) or isinstance(cell, str) or not cell:
        return Percentiles()
    p50, p95, p99 = (float(f"{number(value):.7g}") for value in cell)
    return Percentiles(p50=p50, p95=p95, p99=p99)


def number(cell: Cell) -> float:
    """Return a number; NaN for what is none."""
    return float(cell) if isinstance(cell, int | float | Decimal) else math.nan


def whole(cell: Cell) -> int | None:
    """Return a whole number, or None."""
    return int(cell) if isinstance(cell, int | float | Decimal) else None


def count(cell: Cell) -> int:
    """Return a count; no rows count as 0."""
    return whole(cell) or 0


def decimal(cell: Cell) -> Decimal | None:
    """Return exact money without trailing zeros, or None."""
    if not isinstance(cell, int | Decimal):
        return None
    short = Decimal(cell).normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short


def text(cell: Cell) -> str | None:
    """Return text, or None."""
    return cell if isinstance(cell, str) else None


def texts(cell: Cell) -> tuple[str, ...]:
    """Return a list of text."""
    return tuple(str(value) for value in cell) if isinstance(cell, Sequence) and not isinstance(cell, str) else ()


def seconds(cell: Cell) -> float | None:
    """Return nanoseconds as seconds, or None."""
    return None if (ns := whole(cell)) is None else ns / 1e9
