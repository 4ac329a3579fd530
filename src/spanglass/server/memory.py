"""The memory of this process against its declared ceiling; tells, and gives back what is free, but refuses nothing."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Final

_STATM: Final = Path("/proc/self/statm")
_LOOK_EVERY_S: Final = 0.1
_GIVE_BACK_EVERY_S: Final = 1.0
_NEAR: Final = 0.8
_FULL: Final = 0.92


def resident_bytes() -> int | None:
    """Return this process's resident memory; None where the system does not tell in /proc."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


class Memory:
    """Resident memory, looked at no more than ten times a second (20 us a look); from any thread.

    Attributes:
        ceiling: Bytes that the process should stay below.
    """

    def __init__(self, ceiling: int) -> None:
        self.ceiling = ceiling
        self._lock = threading.Lock()
        self._looked = self._gave_back = -_GIVE_BACK_EVERY_S
        self._resident = 0

    def is_near(self) -> bool:
        """Tell whether four fifths of the ceiling are taken: time to keep less of what comes."""
        return self._share() >= _NEAR

    def is_full(self) -> bool:
        """Tell whether so much is taken that nothing more should be begun."""
        return self._share() >= _FULL

    def _share(self) -> float:
        now = time.monotonic()
        with self._lock:
            if now - self._looked >= _LOOK_EVERY_S:
                self._looked = now
                self._resident = resident_bytes() or 0
                if self._resident >= _NEAR * self.ceiling and now - self._gave_back >= _GIVE_BACK_EVERY_S:
                    self._gave_back = now
                    _give_back()
                    self._resident = resident_bytes() or 0
            return self._resident / self.ceiling


def _give_back() -> None:
    """Return freed memory to the system, which the C library keeps for later; 1 to 10 ms, nothing where it cannot."""
    import ctypes  # noqa: PLC0415 - half a MB that a server with memory to spare never needs

    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError):  # another C library
        return
