"""Which requests to a web application become no span: health checks, static files, and WebSocket connections."""

from __future__ import annotations

import os

# A connection lasts for hours, and a span that long would be the parent of everything in it; a turn is a span instead.
WEBSOCKETS = "^wss?:"
_DEFAULT = (
    r"^[^?]*/(health|healthz|livez|readyz|liveness|readiness|ping|metrics|favicon\.ico)/?(\?|$)",
    r"^[^?]*/static/",
)


def quiet_urls(framework: str) -> str:
    """Return regular expressions of URLs, comma-separated, as OpenTelemetry's instrumentations take them.

    OTEL_PYTHON_{FRAMEWORK}_EXCLUDED_URLS, or OTEL_PYTHON_EXCLUDED_URLS, stands in the place of ours when set.

    Args:
        framework: Name of the row, such as `django`.
    """
    own = os.environ.get(f"OTEL_PYTHON_{framework.upper()}_EXCLUDED_URLS", os.environ.get("OTEL_PYTHON_EXCLUDED_URLS"))
    return ",".join(_DEFAULT) if own is None else own
