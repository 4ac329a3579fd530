"""`/api/v1/sources`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import FROM, TO, Asked
from spanglass.server.query.sources import Sources, sources
from spanglass.server.store.protocol import Store


def _ask(store: Store, asked: Asked, _: str) -> Sources:
    return sources(store, start_ns=asked.start_ns, end_ns=asked.end_ns)


SOURCES = Endpoint(
    "/api/v1/sources",
    "Whether all that was sent arrived: what each process says it sent and dropped, beside what is stored of it.",
    (FROM, TO),
    Sources,
    _ask,
)
