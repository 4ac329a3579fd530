"""When an export is tried again: how long a receiver asked to wait, and how long to wait where it did not say."""

from __future__ import annotations

import math
import random
import time
from email.utils import parsedate_to_datetime

ATTEMPTS = 6
"""The most attempts at one batch."""


def retry_after_s(value: str | None) -> float | None:
    """Read a Retry-After header: seconds, or a date (RFC 9110, 10.2.3); None where it says nothing that can be used."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        pass
    else:
        return max(seconds, 0.0) if math.isfinite(seconds) else None
    try:
        return max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    except (TypeError, ValueError, OverflowError):
        return None


def pause_s(attempt: int) -> float:
    """Return how long to wait after failed attempt 0, 1, 2, ...: 1, 2, 4, ... seconds, 20 % to either side."""
    return 2.0**attempt * random.uniform(0.8, 1.2)  # noqa: S311 - spreads senders, hides nothing
