"""Whether the clock of who sends agrees with this server's; changes no time."""

from __future__ import annotations

from typing import Final

from spanglass.server.record import Received

_AHEAD_NS: Final = 120 * 10**9
"""A span ends before it is sent: one that ends so much later than it came was timed by another clock."""
_UNSET_NS: Final = 946_684_800 * 10**9
"""The year 2000: what ended before comes from a clock that nobody has set. Between, it may have waited to be sent."""
_UNKNOWN: Final = "an unknown service"


def clock_off(received: Received) -> tuple[str, float] | None:
    """Return the service whose clock is off the most, and by how many seconds it is ahead; None if none is."""
    if not received.spans:
        return None
    latest = max(received.spans, key=lambda span: span.end_ns)
    ahead_ns = latest.end_ns - received.received_ns
    if ahead_ns > _AHEAD_NS:
        return latest.resource.service or _UNKNOWN, ahead_ns / 1e9
    earliest = min(received.spans, key=lambda span: span.end_ns)
    if earliest.end_ns < _UNSET_NS:
        return earliest.resource.service or _UNKNOWN, (earliest.end_ns - received.received_ns) / 1e9
    return None
