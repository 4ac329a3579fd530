"""The server's figures about itself, by the names of the metric table; counted here, read by `/metrics`."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from spanglass.semconv.metrics import COMMIT
from spanglass.server.call_counts import CallCounts
from spanglass.server.record import Signal


class Counters:
    """Counts since the start; safe to use from several threads.

    Attributes:
        received: Items in exports.
        stored: Items committed.
        duplicates: Items recognised as sent again.
        rejected: Exports refused, by reason.
        shed: Items kept without their content, by reason.
        shed_at: When that was last so, Unix seconds.
        directory: Where the database is, whose disk may fill up; None where that is not this machine's.
        removed: Rows removed because of their age, by what they were of.
        clock: The latest sender whose clock is off: its service, seconds it is ahead, and when, Unix seconds.
        failing: Why keeping house failed, by what was done; nothing where it did not.
        fault: Why the latest write failed; None where it did not.
        commits: Group commits by duration, in the buckets of the metric table.
        commit_s: Seconds they took together.
        calls: What the calls in stored spans come to.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory
        self._lock = threading.Lock()
        self.received: defaultdict[Signal, int] = defaultdict(int)
        self.stored: defaultdict[Signal, int] = defaultdict(int)
        self.duplicates: defaultdict[Signal, int] = defaultdict(int)
        self.rejected: defaultdict[tuple[Signal, str], int] = defaultdict(int)
        self.shed: defaultdict[tuple[Signal, str], int] = defaultdict(int)
        self.shed_at: float | None = None
        self.removed: defaultdict[str, int] = defaultdict(int)
        self.clock: tuple[str, float, float] | None = None
        self.failing: dict[str, str] = {}
        self.fault: str | None = None
        self.commits = [0] * (len(COMMIT) + 1)
        self.commit_s = 0.0
        self.calls = CallCounts()

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

    def count_removed(self, of: str, rows: int) -> None:
        """Count rows removed because of their age; `of` is one of a few words."""
        with self._lock:
            self.removed[of] += rows

    def note_fault(self, message: str) -> None:
        """Note that the latest write failed; the next that succeeds ends it."""
        with self._lock:
            self.fault = message

    def note_clock(self, service: str, ahead_s: float) -> None:
        """Note that a sender's clock is off, by seconds ahead of this server's; negative where it is behind."""
        with self._lock:
            self.clock = (service, ahead_s, time.time())

    def note_house(self, work: str, message: str | None) -> None:
        """Note why something that keeps house failed; None where it succeeded."""
        with self._lock:
            if message is None:
                self.failing.pop(work, None)
            else:
                self.failing[work] = message

    def count_commit(self, stored: Mapping[Signal, int], duplicates: Mapping[Signal, int], seconds: float) -> None:
        """Count a group commit."""
        with self._lock:
            self.fault = None
            _add(self.stored, stored)
            _add(self.duplicates, duplicates)
            self.commits[bisect_left(COMMIT, seconds)] += 1
            self.commit_s += seconds


def _add(counts: defaultdict[Signal, int], more: Mapping[Signal, int]) -> None:
    for signal, count in more.items():
        if count:
            counts[signal] += count
