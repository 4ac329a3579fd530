"""The endpoints of the API, in the order in which they are documented: the one table that routes and OpenAPI read."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.endpoints.overview import OVERVIEW
from spanglass.server.api.endpoints.services import SERVICES
from spanglass.server.api.endpoints.sources import SOURCES
from spanglass.server.api.endpoints.trace import TRACE
from spanglass.server.api.endpoints.traces import TRACES

ENDPOINTS: tuple[Endpoint, ...] = (
    OVERVIEW,
    TRACES,
    TRACE,
    SERVICES,
    SOURCES,
)
