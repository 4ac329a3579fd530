"""How many export bytes the server may hold at once, from the first byte read to the commit; one event loop's."""

from __future__ import annotations

import math

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

    def took_round(self, seconds: float) -> None:
        """Learn how long the latest group commit took, for the retry hint: two of them, 1 s to 30 s."""
        self._round_s = seconds
