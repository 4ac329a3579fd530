"""`/api/v1/tools`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import CURSOR, FILTERS, FROM, ROWS, STEP, TO, TOOL, Asked
from spanglass.server.query.tools import Tools, tools
from spanglass.server.store.protocol import Store


def _ask(store: Store, asked: Asked, _: str) -> Tools:
    return tools(
        store,
        start_ns=asked.start_ns,
        end_ns=asked.end_ns,
        tool=asked.text(TOOL),
        step_ns=asked.step_ns,
        filters=asked.filters,
        page=asked.page,
    )


TOOLS = Endpoint(
    "/api/v1/tools",
    "Tools, most calls first, a page at a time: calls, errors, time, the agents that use them; one also over time.",
    (FROM, TO, TOOL, STEP, *FILTERS, ROWS, CURSOR),
    Tools,
    _ask,
)
