"""How many export bytes the server may hold at once, from the first byte read to the commit; one event loop's."""

from __future__ import annotations

import math
from typing import Self

from spanglass.errors import Overloaded

_LONGEST_WAIT_S = 30.0


class Allowance:
    """Bytes that may be held; taking more than there is means the sender must come back later.

    Attributes:
        limit: Bytes that may be held.
        held: Bytes held now.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0
        self._round_s = 0.0

    def take(self, size: int) -> None:
        """Count bytes in.

        Raises:
            Overloaded: They do not fit; nothing was counted.
        """
        if self.held + size > self.limit:
            raise Overloaded(
                f"The server holds {self.held} of {self.limit} bytes that wait for the disk; send the same again "
                "later. If this goes on, the disk is too slow for what is sent: sample, or raise SPANGLASS_QUEUE_MIB.",
                retry_after_s=min(_LONGEST_WAIT_S, max(1.0, math.ceil(2 * self._round_s))),
            )
        self.held += size

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
        self._allowance.take(size)
        self._size += size
