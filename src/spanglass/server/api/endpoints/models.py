"""`/api/v1/models`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import CURSOR, FILTERS, FROM, ROWS, TO, Asked, choice
from spanglass.server.query.call_figures import ORDERS
from spanglass.server.query.models import Models, models
from spanglass.server.store.protocol import Store

SORT = choice("sort", "What the list begins with the most of.", tuple(ORDERS), "calls")


def _ask(store: Store, asked: Asked, _: str) -> Models:
    return models(
        store,
        start_ns=asked.start_ns,
        end_ns=asked.end_ns,
        filters=asked.filters,
        sort=asked.text(SORT) or "calls",
        page=asked.page,
    )


MODELS = Endpoint(
    "/api/v1/models",
    "The models that were called: calls, errors, duration, first token, tokens and cost of each.",
    (FROM, TO, SORT, *FILTERS, ROWS, CURSOR),
    Models,
    _ask,
)
