"""Which models are called, how fast they are, how often they fail, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from spanglass.errors import QueryError
from spanglass.server.query.call_figures import Figures, bins, figures, sums
from spanglass.server.query.calls import Calls
from spanglass.server.query.figures import text
from spanglass.server.query.filters import ANY, Filters
from spanglass.server.query.ranking import rank_page
from spanglass.server.store.protocol import Store

_SECOND: Final = 1_000_000_000
ORDERS: Final[Mapping[str, str]] = {
    "calls": "all_attempts",
    "cost": "all_cost",
    "errors": "all_failed - all_retries",
    "tokens": "all_tokens_input + all_tokens_output",
}
"""What the list may begin with the most of, and the expression."""
_NAMES: Final = ("provider", "request_model", "response_model")


class ModelRow(msgspec.Struct, frozen=True, kw_only=True):
    """One model as it was asked for and as it answered.

    Attributes:
        provider: Who answered.
        request_model: The model asked for.
        response_model: The model that answered, often with its version; None where none did.
        figures: Of its calls.
        cost_a_call: USD, of the calls whose cost is known; None where none is.
    """

    provider: str | None
    request_model: str | None
    response_model: str | None
    figures: Figures
    cost_a_call: Decimal | None


class Models(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: a page, and the cursor of the next or None."""

    start: float
    end: float
    models: tuple[ModelRow, ...]
    next_cursor: str | None


def models(
    store: Store,
    *,
    start_ns: int,
    end_ns: int,
    filters: Filters = ANY,
    sort: str = "calls",
    page: tuple[str | None, int] = (None, 25),
) -> Models:
    """Return the models that were called in a range.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.
        filters: Each holds of the call's own span.
        sort: A name of `ORDERS`; most first.
        page: `next_cursor` of the page before, and models a page, 1 to 100.

    Raises:
        QueryError: The range is empty, a filter, the order or the cursor is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    place = rank_page(start_ns, end_ns, *page)
    if sort not in ORDERS:
        raise QueryError(f"Models cannot be sorted by {sort[:40]!r}; use {', '.join(ORDERS)}.")
    calls = Calls(store, start_ns=place.start_ns, end_ns=place.end_ns, dimensions=_NAMES, filters=filters)
    keys = {f"its_{name}": name for name in _NAMES}
    order = f"ORDER BY {ORDERS[sort]} DESC NULLS LAST, {', '.join(keys)}\nLIMIT $limit OFFSET $skip"
    rows = sums(store, calls, keys, order=order, more={"limit": page[1] + 1, "skip": place.skip})
    measured = bins(store, calls, keys)
    found = [(row, figures(row, measured.get(tuple(row[key] for key in keys), {}))) for row in rows[: page[1]]]
    return Models(
        start=place.start_ns / _SECOND,
        end=place.end_ns / _SECOND,
        models=tuple(
            ModelRow(
                provider=text(row["its_provider"]),
                request_model=text(row["its_request_model"]),
                response_model=text(row["its_response_model"]),
                figures=one,
                cost_a_call=mean_cost(one),
            )
            for row, one in found
        ),
        next_cursor=place.after(page[1], len(rows)),
    )


def mean_cost(one: Figures) -> Decimal | None:
    """Return the mean cost of the attempts whose cost is known, to four digits; None where none is."""
    known = one.cost.calls - one.cost.unpriced
    if one.cost.amount is None or not known:
        return None
    return Decimal(f"{one.cost.amount / known:.4g}")
