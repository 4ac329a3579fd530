"""`/api/v1/attributes`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import FILTERS, FROM, NAME_HOLDS, TO, Asked
from spanglass.server.query.attributes_seen import AttributesSeen, attributes_seen
from spanglass.server.store.protocol import Store


def _ask(store: Store, asked: Asked, _: str) -> AttributesSeen:
    return attributes_seen(
        store,
        start_ns=asked.start_ns,
        end_ns=asked.end_ns,
        filters=asked.filters,
        holds=asked.text(NAME_HOLDS) or "",
    )


ATTRIBUTES = Endpoint(
    "/api/v1/attributes",
    "Attributes that can be searched by: names and examples, of a sample of the newest spans.",
    (FROM, TO, NAME_HOLDS, *FILTERS),
    AttributesSeen,
    _ask,
)
