"""`/api/v1/quality`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import FILTERS, FROM, STEP, TO, Asked
from spanglass.server.query.quality import Quality, quality
from spanglass.server.store.protocol import Store


def _ask(store: Store, asked: Asked, _: str) -> Quality:
    return quality(store, start_ns=asked.start_ns, end_ns=asked.end_ns, step_ns=asked.step_ns, filters=asked.filters)


QUALITY = Endpoint(
    "/api/v1/quality",
    "How good the answers are: why they ended, empty successes, limits met, retries, scores and feedback; over time.",
    (FROM, TO, STEP, *FILTERS),
    Quality,
    _ask,
)
