"""`/api/v1/cost`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import CURSOR, FILTERS, FROM, ROWS, TO, ZONE, Asked, choice
from spanglass.server.query.cost import DIMENSIONS, CostAnswer, cost
from spanglass.server.store.protocol import Store

BY = choice("by", "The dimension that cost is told apart by.", tuple(DIMENSIONS), "feature")


def _ask(store: Store, asked: Asked, _: str) -> CostAnswer:
    return cost(
        store,
        start_ns=asked.start_ns,
        end_ns=asked.end_ns,
        by=asked.text(BY) or "feature",
        zone=asked.zone,
        filters=asked.filters,
        page=asked.page,
    )


COST = Endpoint(
    "/api/v1/cost",
    "What the calls cost and for whom: by a dimension, by day, and this month so far and projected.",
    (FROM, TO, ZONE, BY, *FILTERS, ROWS, CURSOR),
    CostAnswer,
    _ask,
)
