"""What has become too old to keep; pure, the keeper removes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from spanglass.server.config import Ages
from spanglass.server.store.keeping import Kept
from spanglass.server.store.summaries import HOUR_NS

DAY_NS: Final = 24 * HOUR_NS


class Old(NamedTuple):
    """What is to go, and before which time, Unix ns."""

    kept: Kept
    before_ns: int


def too_old(ages: Ages, *, now_ns: int, summarised_ns: int) -> Sequence[Old]:
    """Return what may go now, content first.

    Spans go only where summaries are made of them, minutes only where hours are; both by whole hours, so that no hour
    is ever summed up from a part of it.

    Args:
        ages: How long each is kept.
        now_ns: Now, Unix ns.
        summarised_ns: Up to when there are summaries; 0 where there are none.
    """
    shortest = min((days for days in (ages.content, ages.traces) if days is not None), default=None)
    whole_ns = summarised_ns - summarised_ns % HOUR_NS
    wanted = (
        (Kept.CONTENTS, shortest, now_ns),
        (Kept.SPANS, ages.traces, whole_ns),
        (Kept.SCORES, ages.traces, now_ns),
        (Kept.LOGS, ages.logs, now_ns),
        (Kept.POINTS, ages.metrics, now_ns),
        (Kept.MINUTES, ages.minutes, whole_ns),
        (Kept.HOURS, ages.hours, whole_ns),
    )
    found = []
    for kept, days, latest_ns in wanted:
        if days is not None:
            before_ns = min(now_ns - days * DAY_NS, latest_ns)
            if before_ns > 0:
                found.append(Old(kept, before_ns - before_ns % HOUR_NS))
    return found
