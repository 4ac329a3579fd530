"""`/api/v1/agents`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import FILTERS, FROM, TO, Asked
from spanglass.server.query.agents import Agents, agents
from spanglass.server.store.protocol import Store


def _ask(store: Store, asked: Asked, _: str) -> Agents:
    return agents(store, start_ns=asked.start_ns, end_ns=asked.end_ns, filters=asked.filters)


AGENTS = Endpoint(
    "/api/v1/agents",
    "Who calls whom: agents, tools, models and retrieval as a graph, and the runs of each agent; of the newest traces.",
    (FROM, TO, *FILTERS),
    Agents,
    _ask,
    large=True,
)
