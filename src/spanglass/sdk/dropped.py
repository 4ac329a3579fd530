"""What the SDK could not keep, counted by signal and reason and logged once each; `spanglass.sdk.dropped` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from threading import RLock
from typing import Literal

from spanglass.sdk.guard import logger

Signal = Literal["traces", "metrics", "logs"]

QUEUE_FULL = "queue_full"
EXPORT_FAILED = "export_failed"
SHUT_DOWN = "shut_down"
REJECTED = "rejected"

_counts: dict[tuple[str, str], int] = {}
_lock = RLock()  # reentrant: a span that the garbage collector ends may be dropped while another is being counted


def add(signal: Signal, reason: str, count: int) -> None:
    """Count what was dropped; the first overflow of a queue is also logged."""
    with _lock:
        before = _counts.get((signal, reason), 0)
        _counts[signal, reason] = before + count
    if not before and reason == QUEUE_FULL:
        logger.warning(
            "The export queue for %s is full, new ones are dropped and counted in spanglass.sdk.dropped. Either the "
            "endpoint is slow or down, or OTEL_BSP_MAX_QUEUE_SIZE / OTEL_BLRP_MAX_QUEUE_SIZE is too small.",
            signal,
        )


def totals() -> Mapping[tuple[str, str], int]:
    """Return what this process has dropped so far, by signal and reason."""
    with _lock:
        return dict(_counts)


def renew_after_fork() -> None:
    """Forget the parent's counts and any lock it held; called in the child."""
    global _lock  # noqa: PLW0603 - the lock of the parent may be held by a thread that does not exist here
    _lock = RLock()
    _counts.clear()
