"""`/api/v1/traces/{trace_id}`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import OFFSET, SPANS, Asked
from spanglass.server.query.trace import DEFAULT_SPANS, Trace, trace
from spanglass.server.store.protocol import Store


def _ask(store: Store, asked: Asked, trace_id: str) -> Trace:
    return trace(store, trace_id, offset=asked.whole(OFFSET) or 0, limit=asked.whole(SPANS) or DEFAULT_SPANS)


TRACE = Endpoint(
    "/api/v1/traces/{trace_id}",
    "One trace: its spans with attributes, usage and cost, a page at a time, and where the time went.",
    (OFFSET, SPANS),
    Trace,
    _ask,
    (400, 404, 503),
    large=True,
)
