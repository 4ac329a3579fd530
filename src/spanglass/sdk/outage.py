"""What is said of a receiver that does not take what it is sent: one line for all signals, one when it does again."""

from __future__ import annotations

import time
from collections.abc import Sequence

from spanglass.sdk.delivery import Cause, cure
from spanglass.sdk.dropped import Signal
from spanglass.sdk.guard import logger

_SAY_AGAIN_S = 300.0
_REASON_LIMIT = 300


class Outage:
    """What is known and was said of one receiver; shared by the threads of all signals, without a lock."""

    def __init__(self) -> None:
        self._failing: dict[Signal, Cause] = {}
        self._told: dict[Cause, object] = {}
        self._said_at: dict[Cause, float] = {}
        self._said = False
        self._notes: dict[Signal, object] = {}

    def fails(self, signal: Signal, where: str, cause: Cause, said: str, credentials: Sequence[str]) -> None:
        """Note a failure; the first of its cause is a warning, at most every five minutes."""
        self._failing[signal] = cause
        me = object()
        if self._told.setdefault(cause, me) is not me:
            return
        now = time.monotonic()
        if now - self._said_at.get(cause, float("-inf")) < _SAY_AGAIN_S:
            return
        self._said_at[cause], self._said = now, True
        logger.warning(
            "Cannot export %s to %s: %s. The application is not affected; what cannot be sent is dropped and counted. "
            "%s`spanglass doctor` checks.",
            signal,
            where,
            said[:_REASON_LIMIT].rstrip("."),
            f"{advice} " if (advice := cure(cause, credentials)) else "",
        )

    def works(self, signal: Signal, where: str) -> None:
        """Note a success; the first after failures that were said is said too."""
        if not self._failing or self._failing.pop(signal, None) is None or self._failing:
            return
        self._told = {}
        said, self._said = self._said, False
        if said:
            logger.info("Exporting to %s works again.", where)

    def notes(self, signal: Signal, where: str, said: str, rejected: int) -> None:
        """Say once what a receiver remarks of a batch that it took."""
        me = object()
        if self._notes.setdefault(signal, me) is me:
            took = f"left out {rejected} of the {signal} it was sent" if rejected else f"remarks on {signal}"
            logger.warning(
                "%s %s: %s. Further such answers are only counted.", where, took, said[:_REASON_LIMIT] or "-"
            )


_outages: dict[str, Outage] = {}


def of(where: str) -> Outage:
    """Return what is known of the receiver of an address; the addresses of its signals are one receiver."""
    return _outages.setdefault(where.partition("/v1/")[0], Outage())
