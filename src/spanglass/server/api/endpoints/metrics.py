"""`/api/v1/metrics`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import CURSOR, FROM, NAMES, PREFIX, SENDER, TO, Asked
from spanglass.server.query.metrics import Metrics, metrics
from spanglass.server.store.protocol import Store

_DEFAULT_LIMIT = 100


def _ask(store: Store, asked: Asked, _: str) -> Metrics:
    return metrics(
        store,
        start_ns=asked.start_ns,
        end_ns=asked.end_ns,
        filters=asked.filters,
        prefix=asked.text(PREFIX),
        cursor=asked.text(CURSOR),
        limit=asked.whole(NAMES) or _DEFAULT_LIMIT,
    )


METRICS = Endpoint(
    "/api/v1/metrics",
    "Which metrics there are, by name: kinds, units, senders, how many series and points.",
    (FROM, TO, *SENDER, PREFIX, NAMES, CURSOR),
    Metrics,
    _ask,
)
