"""When an export is tried again where its receiver does not say: how often, and after which pause."""

from __future__ import annotations

import random

ATTEMPTS = 6
"""The most attempts at one batch."""


def pause_s(attempt: int) -> float:
    """Return how long to wait after failed attempt 0, 1, 2, ...: 1, 2, 4, ... seconds, 20 % to either side."""
    return 2.0**attempt * random.uniform(0.8, 1.2)  # noqa: S311 - spreads senders, hides nothing
