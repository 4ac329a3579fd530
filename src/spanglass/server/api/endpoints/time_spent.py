"""`/api/v1/time`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import FILTERS, FROM, TO, Asked
from spanglass.server.query.time_spent import TimeSpent, time_spent
from spanglass.server.store.protocol import Store


def _ask(store: Store, asked: Asked, _: str) -> TimeSpent:
    return time_spent(store, start_ns=asked.start_ns, end_ns=asked.end_ns, filters=asked.filters)


TIME_SPENT = Endpoint(
    "/api/v1/time",
    "Where the time of the newest traces went, by kind of work, and how much of it was not the model.",
    (FROM, TO, *FILTERS),
    TimeSpent,
    _ask,
    large=True,
)
