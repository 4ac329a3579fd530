"""`/api/v1/overview`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import FILTERS, FROM, STEP, TO, Asked
from spanglass.server.query.overview import Overview, overview
from spanglass.server.store.protocol import Store


def _ask(store: Store, asked: Asked, _: str) -> Overview:
    return overview(
        store,
        start_ns=asked.start_ns,
        end_ns=asked.end_ns,
        step_ns=asked.step_ns,
        filters=asked.filters,
    )


OVERVIEW = Endpoint(
    "/api/v1/overview",
    "How the model calls are doing: in total, over time, by model.",
    (FROM, TO, STEP, *FILTERS),
    Overview,
    _ask,
)
