"""`/api/v1/search`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import CURSOR, FILTERS, FROM, LIMIT, TO, Asked
from spanglass.server.query.search import Search, search
from spanglass.server.store.protocol import Store

_DEFAULT_LIMIT = 50


def _ask(store: Store, asked: Asked, _: str) -> Search:
    return search(
        store,
        start_ns=asked.start_ns,
        end_ns=asked.end_ns,
        filters=asked.filters,
        cursor=asked.text(CURSOR),
        limit=asked.whole(LIMIT) or _DEFAULT_LIMIT,
    )


SEARCH = Endpoint(
    "/api/v1/search",
    "Spans that satisfy a query, newest first: as many as are found within 2 seconds, and how far back was looked.",
    (FROM, TO, *FILTERS, LIMIT, CURSOR),
    Search,
    _ask,
)
