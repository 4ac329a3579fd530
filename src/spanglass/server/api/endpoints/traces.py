"""`/api/v1/traces`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import CURSOR, FILTERS, FROM, LIMIT, TO, Asked
from spanglass.server.query.traces import Traces, traces
from spanglass.server.store.protocol import Store

_DEFAULT_LIMIT = 50


def _ask(store: Store, asked: Asked, _: str) -> Traces:
    return traces(
        store,
        start_ns=asked.start_ns,
        end_ns=asked.end_ns,
        filters=asked.filters,
        cursor=asked.text(CURSOR),
        limit=asked.whole(LIMIT) or _DEFAULT_LIMIT,
    )


TRACES = Endpoint(
    "/api/v1/traces",
    "Traces, newest first, a page at a time; each with its tokens, cost and how the cost is known.",
    (FROM, TO, *FILTERS, LIMIT, CURSOR),
    Traces,
    _ask,
)
