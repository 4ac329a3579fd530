"""How much memory exports may take at once, from the first byte read to the commit; one event loop's."""

from __future__ import annotations

import math
from typing import Self

from spanglass.errors import Overloaded
from spanglass.server.memory import Memory

_LONGEST_WAIT_S = 30.0


class Allowance:
    """Bytes that may be held; taking more than there is means the sender must come back later.

    Attributes:
        limit: Bytes that may be held.
        held: Bytes held now.
        memory: The whole process against its ceiling; None where none is declared.
    """

    def __init__(self, limit: int, memory: Memory | None = None) -> None:
        self.limit = limit
        self.memory = memory
        self.held = 0
        self._round_s = 0.0

    def take(self, size: int) -> None:
        """Count bytes in.

        Raises:
            Overloaded: They do not fit; nothing was counted.
        """
        if self.held + size > self.limit:
            raise self._overloaded(
                f"The server holds {self.held} of {self.limit} bytes that wait for the disk; send the same again "
                "later. If this goes on, the disk is too slow for what is sent: sample, or raise SPANGLASS_QUEUE_MIB."
            )
        self.held += size

    def admit(self) -> None:
        """Agree to begin with another export; one at a time is always begun with.

        Raises:
            Overloaded: The process is at its ceiling.
        """
        if self.held and self.memory is not None and self.memory.is_full():
            raise self._overloaded(
                f"The server is at its ceiling of {self.memory.ceiling} bytes of memory; send the same again later. If "
                "this goes on, raise SPANGLASS_MEMORY_MIB, or send less."
            )

    def shortage(self, size: int) -> str | None:
        """Tell why an export of this size should be kept without its content; None where there is room for it.

        Returns:
            `size` where it is larger than the queue, `queue` where it and what waits take more than half of it,
            `memory` where the process is near its ceiling.
        """
        if size > self.limit:
            return "size"
        if self.held and 2 * (self.held + size) > self.limit:
            return "queue"
        return "memory" if self.memory is not None and self.memory.is_near() else None

    def _overloaded(self, message: str) -> Overloaded:
        wait = min(_LONGEST_WAIT_S, max(1.0, math.ceil(2 * self._round_s)))
        return Overloaded(message, retry_after_s=wait)

    def give(self, size: int) -> None:
        """Count bytes out that `take` counted in."""
        self.held -= size

    def hold(self) -> Hold:
        """Return a hold that gives back all it took when its `with` block ends."""
        return Hold(self)

    def took_round(self, seconds: float) -> None:
        """Learn how long the latest group commit took, for the retry hint: two of them, 1 s to 30 s."""
        self._round_s = seconds


class Hold:
    """Bytes held for the length of a `with` block."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._allowance.give(self._size)
        self._size = 0

    def add(self, size: int) -> None:
        """Hold more bytes.

        Raises:
            Overloaded: They do not fit.
        """
        if not self._size:
            self._allowance.admit()
        self._allowance.take(size)
        self._size += size
