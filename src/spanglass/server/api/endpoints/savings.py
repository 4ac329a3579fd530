"""`/api/v1/savings`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import FILTERS, FROM, TO, Asked
from spanglass.server.query.savings import Savings, savings
from spanglass.server.store.protocol import Store


def _ask(store: Store, asked: Asked, _: str) -> Savings:
    return savings(store, start_ns=asked.start_ns, end_ns=asked.end_ns, filters=asked.filters, prices=asked.prices)


SAVINGS = Endpoint(
    "/api/v1/savings",
    "What prompt caches saved: cached tokens at the price they had, beside the price they would have had.",
    (FROM, TO, *FILTERS),
    Savings,
    _ask,
)
