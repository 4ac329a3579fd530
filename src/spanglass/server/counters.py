"""The server's figures about itself, by the names of the metric table; counted here, read by `/metrics`."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import defaultdict

from spanglass.semconv.metrics import COMMIT
from spanglass.server.record import Signal


class Counters:
    """Counts since the start; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.received: defaultdict[Signal, int] = defaultdict(int)
        self.stored = 0
        self.duplicates = 0
        self.rejected: defaultdict[tuple[Signal, str], int] = defaultdict(int)
        self.shed: defaultdict[tuple[Signal, str], int] = defaultdict(int)
        self.shed_at: float | None = None
        self.commits = [0] * (len(COMMIT) + 1)
        self.commit_s = 0.0

    def count_received(self, signal: Signal, items: int) -> None:
        """Count the items of an export request."""
        with self._lock:
            self.received[signal] += items

    def count_rejected(self, signal: Signal, reason: str) -> None:
        """Count a refused export request; the reason is one of a few words."""
        with self._lock:
            self.rejected[signal, reason] += 1

    def count_shed(self, signal: Signal, reason: str, items: int) -> None:
        """Count items kept without their content, and when; the reason is one of a few words."""
        with self._lock:
            self.shed[signal, reason] += items
            self.shed_at = time.time()

    def count_commit(self, stored: int, duplicates: int, seconds: float) -> None:
        """Count a group commit."""
        with self._lock:
            self.stored += stored
            self.duplicates += duplicates
            self.commits[bisect_left(COMMIT, seconds)] += 1
            self.commit_s += seconds
