"""Durations counted in bins: percentiles of them, and the bounds of a bin.

A bin is a 32nd of a doubling, 2.2 % wide, as in OpenTelemetry's exponential histogram of scale 5; the vocabulary's
`sg_bin` says in which one a time in ns falls. What is read from bins is within 2.7 % of the truth.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from spanglass.server.query.figures import Percentiles

A_DOUBLING: Final = 32
_SHARES: Final = (0.5, 0.95, 0.99)


def lower_bound_s(number: int) -> float:
    """Return where a bin begins, in seconds; the one before ends there."""
    return math.exp2(number / A_DOUBLING) / 1e9


def percentiles(bins: Mapping[int, int]) -> Percentiles:
    """Return percentiles of what was counted, in seconds, to three digits; of nothing, None."""
    if not bins:
        return Percentiles()
    p50, p95, p99 = (_percentile(bins, share) for share in _SHARES)
    return Percentiles(p50=p50, p95=p95, p99=p99)


def _percentile(bins: Mapping[int, int], share: float) -> float:
    """Return the time that so many take at most (the nearest rank); calls stand evenly in their bin."""
    place = math.ceil(share * sum(bins.values())) - 1
    before = 0
    for number in sorted(bins):
        if place < before + bins[number]:
            break
        before += bins[number]
    within = (place - before + 0.5) / bins[number]
    return float(f"{lower_bound_s(number) * math.exp2(within / A_DOUBLING):.3g}")
