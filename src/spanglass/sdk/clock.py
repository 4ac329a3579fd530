"""The SDK's clock, the one thing that tests replace; call it as `clock.wall_ns()`, so that they can."""

from __future__ import annotations

import time
from collections.abc import Callable

wall_ns: Callable[[], int] = time.time_ns
"""Nanoseconds since the epoch, for timestamps."""

monotonic_ns: Callable[[], int] = time.perf_counter_ns
"""Nanoseconds since some moment, for durations."""
