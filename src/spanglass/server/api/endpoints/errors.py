"""`/api/v1/errors`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import CURSOR, FILTERS, FROM, ROWS, SORT, TO, Asked
from spanglass.server.query.errors import Errors, errors
from spanglass.server.store.protocol import Store


def _ask(store: Store, asked: Asked, _: str) -> Errors:
    return errors(
        store,
        start_ns=asked.start_ns,
        end_ns=asked.end_ns,
        filters=asked.filters,
        sort=asked.text(SORT) or "frequent",
        page=asked.page,
    )


ERRORS = Endpoint(
    "/api/v1/errors",
    "What goes wrong, by its cause, a page at a time: how often, since when, where, to how many, with sample traces.",
    (FROM, TO, *FILTERS, SORT, ROWS, CURSOR),
    Errors,
    _ask,
)
