"""`/api/v1/errors/{group}`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import FILTERS, FROM, TO, Asked
from spanglass.server.query.error import ErrorDetail, error
from spanglass.server.store.protocol import Store


def _ask(store: Store, asked: Asked, group: str) -> ErrorDetail:
    return error(store, group, start_ns=asked.start_ns, end_ns=asked.end_ns, filters=asked.filters)


ERROR = Endpoint(
    "/api/v1/errors/{group}",
    "One group of errors: over time, by service, model, type and words, with more sample traces.",
    (FROM, TO, *FILTERS),
    ErrorDetail,
    _ask,
    (400, 404, 503),
)
