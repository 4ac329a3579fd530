"""The figures of a set of model calls, and how they are asked for by any keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from spanglass.errors import QueryError
from spanglass.server.query.bins import percentiles
from spanglass.server.query.calls import Calls
from spanglass.server.query.figures import Money, Percentiles, Tokens, count, money, tokens
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Cell, Parameter, Row, Store

Keys: TypeAlias = Mapping[str, str]
"""What to group by: a name that is no column's, and the expression over the dimensions."""
Bins: TypeAlias = Mapping[str, Mapping[int, int]]
"""Counts by bin, by measure."""
_NO_BINS: Final[Bins] = {}
ORDERS: Final[Mapping[str, str]] = {
    "cost": "all_cost",
    "calls": "all_attempts - all_retries",
    "errors": "all_failed - all_retries",
    "tokens": "coalesce(all_tokens_input, 0) + coalesce(all_tokens_output, 0)",
}
"""What a list may begin with the most of, and the expression over the columns of `sums`."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a set of model calls.

    Attributes:
        attempts: HTTP attempts (spans).
        calls: Attempts less retries.
        retries: Attempts that repeat a failed one.
        errors: Calls that failed for good: failed attempts less retries, never below 0.
        tokens: Sums.
        cost: Sum, with its states.
        duration: Of attempts; percentiles are within 2.7 %.
        first_token: Request to first content, of streams.
    """

    attempts: int
    calls: int
    retries: int
    errors: int
    tokens: Tokens
    cost: Money
    duration: Percentiles
    first_token: Percentiles


NOTHING: Final = Figures(
    attempts=0,
    calls=0,
    retries=0,
    errors=0,
    tokens=Tokens(),
    cost=Money(amount=None),
    duration=Percentiles(),
    first_token=Percentiles(),
)


def most_first(sort: str, what: str, *then: str) -> str:
    """Return the ORDER BY of a list that begins with the most of something.

    Args:
        sort: A name of `ORDERS`.
        what: What is listed, for the message.
        then: Names that tell apart what is equal.

    Raises:
        QueryError: There is no such order.
    """
    if sort not in ORDERS:
        raise QueryError(f"{what} cannot be sorted by {sort[:40]!r}; use {', '.join(ORDERS)}.")
    return f"ORDER BY {', '.join((f'{ORDERS[sort]} DESC NULLS LAST', *then))}\nLIMIT $limit OFFSET $skip"


def sums(
    store: Store, calls: Calls, keys: Keys, *, order: str = "", more: Mapping[str, Parameter] | None = None
) -> Sequence[Row]:
    """Return a row for each value of the keys, with the columns `all_*`.

    Args:
        store: Where to look.
        calls: What to sum.
        keys: What to group by; without any there is one row.
        order: ORDER BY and LIMIT, if any; fixed text.
        more: Parameters that keys and order name.

    Raises:
        QueryError: The question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    table, parameters = calls.sums()
    sql = statement("calls_grouped", keys=_selected(keys), calls=table, group=_group(keys), order=order)
    return store.select(sql, {**parameters, **(more or {})})


def among(expression: str) -> str:
    """Return the condition that a text is one of `$among`, or unknown: what names by the million are narrowed to."""
    return f"WHERE ({expression} IS NULL OR {expression} IN (SELECT sg_each($among)))"


def bins(
    store: Store, calls: Calls, keys: Keys, more: Mapping[str, Parameter] | None = None, *, where: str = ""
) -> Mapping[tuple[Cell, ...], Bins]:
    """Return the counts by bin and measure for each value of the keys.

    Args:
        store: Where to look.
        calls: What to count.
        keys: What to group by.
        more: Parameters that keys and condition name.
        where: A condition over the dimensions, if any; fixed text.

    Raises:
        QueryError: The question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    table, parameters = calls.latencies()
    groups = "".join(f"{name}, " for name in keys)
    sql = statement("latencies_grouped", keys=_selected(keys), latencies=table, groups=groups, among=where)
    found: dict[tuple[Cell, ...], dict[str, dict[int, int]]] = {}
    for row in store.select(sql, {**parameters, **(more or {})}):
        measures = found.setdefault(tuple(row[name] for name in keys), {})
        measures.setdefault(str(row["measure"]), {})[count(row["bin"])] = count(row["all_calls"])
    return found


def figures(row: Row, measured: Bins = _NO_BINS) -> Figures:
    """Return the figures of a row that `sums` gave and of what `bins` gave for the same keys."""
    attempts, retries = count(row["all_attempts"]), count(row["all_retries"])
    return Figures(
        attempts=attempts,
        calls=attempts - retries,
        retries=retries,
        errors=max(0, count(row["all_failed"]) - retries),
        tokens=tokens(row, prefix="all_tokens_"),
        cost=money(row, prefix="all_"),
        duration=percentiles(measured.get("duration", {})),
        first_token=percentiles(measured.get("first_token", {})),
    )


def together(measured: Iterable[Bins]) -> Bins:
    """Return several counts as one."""
    found: dict[str, dict[int, int]] = {}
    for one in measured:
        for measure, counted in one.items():
            into = found.setdefault(measure, {})
            for number, calls in counted.items():
                into[number] = into.get(number, 0) + calls
    return found


def _selected(keys: Keys) -> str:
    return " ".join(f"{expression} AS {name}," for name, expression in keys.items())


def _group(keys: Keys) -> str:
    return f"GROUP BY {', '.join(keys)}" if keys else ""
