"""The thread that keeps house: makes summaries every half a minute, and every hour lets go of what is too old."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from spanglass.errors import StoreError
from spanglass.server.config import Ages
from spanglass.server.counters import Counters
from spanglass.server.keep.retention import too_old
from spanglass.server.store.keeping import Keeping
from spanglass.server.store.protocol import Store
from spanglass.server.store.summaries import MINUTE_NS, SUMMARISED

SETTLED_NS: Final = 3 * MINUTE_NS
"""Summaries are made up to so long ago: most calls that began before have come."""
_STEP_S: Final = 30.0
_HOUR_S: Final = 3600.0
_MARK: Final = "SELECT max(until_ns) AS until_ns FROM marks WHERE name = $name"
_log = logging.getLogger("spanglass.server")


class Keeper:
    """Keeps the house of a store from `start` to `close`."""

    def __init__(
        self,
        store: Store,
        keeping: Keeping,
        ages: Ages,
        *,
        counters: Counters,
        alone: threading.Lock,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """Make a keeper; nothing is done yet.

        Args:
            store: Whose summaries are made; its owner closes it, after `close`.
            keeping: Who removes.
            ages: How long each is kept.
            counters: Where removed rows are counted.
            alone: Held while something is removed, so that nothing else that keeps house runs beside it.
            clock: Now, Unix ns.
        """
        self._store = store
        self._keeping = keeping
        self._ages = ages
        self._counters = counters
        self._alone = alone
        self._clock = clock
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="spanglass-keeper", daemon=True)

    def start(self) -> None:
        """Begin, in a thread."""
        self._thread.start()

    def close(self) -> None:
        """Begin nothing more; what runs ends when the store is closed, or sooner."""
        self._over.set()

    def tidy(self) -> None:
        """End what a crash has cut short.

        Raises:
            StoreError: It cannot be ended now.
        """
        with self._alone:
            self._keeping.tidy()

    def roll_up(self) -> int:
        """Make the summaries that are missing; return how many minutes.

        Raises:
            StoreError: They cannot be made now.
        """
        return self._store.roll_up(self._clock() - SETTLED_NS)

    def remove_old(self) -> int:
        """Let go of what is too old; return how many rows.

        Raises:
            StoreError: It cannot be removed now.
        """
        row = self._store.select(_MARK, {"name": SUMMARISED})[0]
        mark = row["until_ns"]
        summarised_ns = mark if isinstance(mark, int) else 0
        gone = 0
        for old in too_old(self._ages, now_ns=self._clock(), summarised_ns=summarised_ns):
            if self._over.is_set():
                break
            with self._alone:
                rows = self._keeping.forget(old.kept, old.before_ns)
            if rows:
                self._counters.count_removed(old.kept, rows)
                when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(old.before_ns // 1_000_000_000))
                _log.info("Removed %d rows of %s from before %s", rows, old.kept, when)
            gone += rows
        return gone

    def _run(self) -> None:
        self._do(self.tidy)
        removed_at = -_HOUR_S
        while not self._over.wait(_STEP_S):
            self._do(self.roll_up)
            if time.monotonic() - removed_at >= _HOUR_S:
                removed_at = time.monotonic()
                self._do(self.remove_old)

    def _do(self, work: Callable[[], object]) -> None:
        try:
            work()
        except StoreError as error:
            if not self._over.is_set():
                self._counters.note_house(work.__name__, str(error))
                _log.warning("Keeping house has to wait: %s", error)
        except Exception:  # noqa: BLE001 - the keeper's guard: one fault must not end summaries and retention for good
            self._counters.note_house(work.__name__, "it failed in a way that the server's log tells")
            _log.exception("Keeping house failed in a way it should not: please report this")
        else:
            self._counters.note_house(work.__name__, None)
