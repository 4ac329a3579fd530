"""The endpoints of the API, in the order in which they are documented: the one table that routes and OpenAPI read."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.endpoints.agents import AGENTS
from spanglass.server.api.endpoints.attributes import ATTRIBUTES
from spanglass.server.api.endpoints.cost import COST
from spanglass.server.api.endpoints.error import ERROR
from spanglass.server.api.endpoints.errors import ERRORS
from spanglass.server.api.endpoints.latency import LATENCY
from spanglass.server.api.endpoints.logs import LOGS_ENDPOINT
from spanglass.server.api.endpoints.metric import METRIC
from spanglass.server.api.endpoints.metrics import METRICS
from spanglass.server.api.endpoints.models import MODELS
from spanglass.server.api.endpoints.overview import OVERVIEW
from spanglass.server.api.endpoints.prompts import PROMPT, PROMPTS
from spanglass.server.api.endpoints.quality import QUALITY
from spanglass.server.api.endpoints.savings import SAVINGS
from spanglass.server.api.endpoints.search import SEARCH
from spanglass.server.api.endpoints.services import SERVICES
from spanglass.server.api.endpoints.sessions import SESSION, SESSIONS
from spanglass.server.api.endpoints.sources import SOURCES
from spanglass.server.api.endpoints.time_spent import TIME_SPENT
from spanglass.server.api.endpoints.tools import TOOLS
from spanglass.server.api.endpoints.trace import TRACE
from spanglass.server.api.endpoints.traces import TRACES
from spanglass.server.api.endpoints.users import USERS

ENDPOINTS: tuple[Endpoint, ...] = (
    OVERVIEW,
    TRACES,
    TRACE,
    SEARCH,
    ATTRIBUTES,
    SESSIONS,
    SESSION,
    COST,
    SAVINGS,
    MODELS,
    USERS,
    PROMPTS,
    PROMPT,
    LATENCY,
    TIME_SPENT,
    AGENTS,
    TOOLS,
    ERRORS,
    ERROR,
    QUALITY,
    METRICS,
    METRIC,
    LOGS_ENDPOINT,
    SERVICES,
    SOURCES,
)
