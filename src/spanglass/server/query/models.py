"""Which models are called, how fast they are, how often they fail, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from spanglass.server.query.call_figures import Bins, Figures, among, bins, figures, most_first, sums
from spanglass.server.query.calls import Calls
from spanglass.server.query.figures import text, texts
from spanglass.server.query.filters import ANY, Filters
from spanglass.server.query.ranking import rank_page
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Cell, Parameter, Row, Store

_SECOND: Final = 1_000_000_000
_NAMES: Final = ("provider", "request_model", "response_model")
_MODEL: Final = "coalesce(request_model, response_model)"
_KEYS: Final = {"its_provider": "provider", "its_model": _MODEL}
_MOST_ANSWERING: Final = 20


class ModelRow(msgspec.Struct, frozen=True, kw_only=True):
    """One model.

    Attributes:
        provider: Who answered.
        model: The model asked for; else the one that answered.
        answered_by: The models that answered, often with their versions; sorted, at most 20.
        figures: Of its calls.
        cost_a_call: USD, of the calls whose cost is known; None where none is.
    """

    provider: str | None
    model: str | None
    answered_by: tuple[str, ...]
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
    calls = Calls(store, start_ns=place.start_ns, end_ns=place.end_ns, dimensions=_NAMES, filters=filters)
    order = most_first(sort, "Models", "its_provider", "its_model")
    rows = sums(store, calls, _KEYS, order=order, more={"limit": page[1] + 1, "skip": place.skip})
    named: Mapping[str, Parameter] = {"among": [str(row["its_model"]) for row in rows[: page[1]]]}
    measured = bins(store, calls, _KEYS, named, where=among(_MODEL))
    answered = _answered(store, calls, named)
    return Models(
        start=place.start_ns / _SECOND,
        end=place.end_ns / _SECOND,
        models=tuple(_row(row, measured.get(_key(row), {}), answered.get(_key(row), ())) for row in rows[: page[1]]),
        next_cursor=place.after(page[1], len(rows)),
    )


def _answered(store: Store, calls: Calls, named: Mapping[str, Parameter]) -> Mapping[tuple[Cell, ...], tuple[str, ...]]:
    table, parameters = calls.sums()
    rows = store.select(statement("models_answered", calls=table, among=among(_MODEL)), {**parameters, **named})
    return {_key(row): texts(row["answered_by"])[:_MOST_ANSWERING] for row in rows}


def _row(row: Row, measured: Bins, answered_by: tuple[str, ...]) -> ModelRow:
    found = figures(row, measured)
    return ModelRow(
        provider=text(row["its_provider"]),
        model=text(row["its_model"]),
        answered_by=answered_by,
        figures=found,
        cost_a_call=mean_cost(found),
    )


def _key(row: Row) -> tuple[Cell, ...]:
    return row["its_provider"], row["its_model"]


def mean_cost(one: Figures) -> Decimal | None:
    """Return the mean cost of the attempts whose cost is known, to four digits; None where none is."""
    known = one.cost.calls - one.cost.unpriced
    if one.cost.amount is None or not known:
        return None
    return Decimal(f"{one.cost.amount / known:.4g}")
