"""`/api/v1/services`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import FROM, TO, Asked
from spanglass.server.query.services import Seen, services
from spanglass.server.store.protocol import Store


def _ask(store: Store, asked: Asked, _: str) -> Seen:
    return services(store, start_ns=asked.start_ns, end_ns=asked.end_ns)


SERVICES = Endpoint(
    "/api/v1/services",
    "What can be filtered by: services, environments, models and features seen in a range.",
    (FROM, TO),
    Seen,
    _ask,
)
