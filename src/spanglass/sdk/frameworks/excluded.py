"""Which requests to a web application become no span: health checks and static files, or what the user says instead."""

from __future__ import annotations

import os
import re

from spanglass.sdk.guard import logger

_DEFAULT = (
    r"^[^?]*/(health|healthz|livez|readyz|liveness|readiness|ping|metrics|favicon\.ico)/?(\?|$)",
    r"^[^?]*/static/",
)


def excluded_urls(framework: str) -> tuple[str, ...]:
    """Return regular expressions of URLs that make no span.

    OTEL_PYTHON_{FRAMEWORK}_EXCLUDED_URLS, or OTEL_PYTHON_EXCLUDED_URLS, stands in the place of ours when set; what is
    no regular expression in there is left out and said.

    Args:
        framework: Name of the row, such as `django`.
    """
    variables = (f"OTEL_PYTHON_{framework.upper()}_EXCLUDED_URLS", "OTEL_PYTHON_EXCLUDED_URLS")
    said = next((os.environ[name] for name in variables if name in os.environ), None)
    if said is None:
        return _DEFAULT
    return tuple(pattern for part in said.split(",") if (pattern := part.strip()) and _is_pattern(pattern))


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error as error:
        logger.warning("%r among the excluded URLs is no regular expression (%s); it is left out.", text, error)
        return False
    return True
