"""The way out for one signal to one destination: an exporter made when needed, not traced, and what came of it."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence, Sized
from typing import Generic, Protocol, TypeVar, cast

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value

from spanglass.sdk import dropped, outage
from spanglass.sdk.delivery import Cause, Delivery, cure
from spanglass.sdk.dropped import Signal

B_contra = TypeVar("B_contra", contravariant=True)
_WAITING_DURATIONS = 256


class Exporter(Protocol[B_contra]):
    """What an exporter of any signal offers."""

    def export(self, batch: B_contra, /) -> object:
        """Send a batch; answers a Delivery, or as OpenTelemetry's do: an enumeration whose good member is SUCCESS."""

    def shutdown(self) -> None:
        """Close connections."""


class Tally:
    """What went through an outlet; written by one thread, read by another.

    Attributes:
        items: Spans, points or log records that were taken.
        size: Bytes that were sent, as far as the exporter says.
        failures: Batches that were not taken, by cause.
        durations_s: How long the latest exports took, until they are collected.
    """

    __slots__ = ("durations_s", "failures", "items", "size")

    def __init__(self) -> None:
        self.items = 0
        self.size = 0
        self.failures: dict[Cause, int] = {}
        self.durations_s: deque[float] = deque(maxlen=_WAITING_DURATIONS)


class Outlet(Generic[B_contra]):
    """Sends batches through an exporter.

    Args:
        signal: What is sent.
        where: Where to, for the log line.
        make: Makes the exporter; called again in a forked child, which must not share the parent's connection.
        name: The destination's name, for metrics.
        credentials: Where its key is set, for the log line.
        count: How many items a batch has.

    Attributes:
        signal: As given.
        destination: Where to, as given.
        name: As given.
        tally: What went through.
        last: What came of the latest batch; None before the first.
    """

    def __init__(
        self,
        signal: Signal,
        where: str,
        make: Callable[[], Exporter[B_contra]],
        *,
        name: str = "otlp",
        credentials: Sequence[str] = (),
        count: Callable[[B_contra], int] | None = None,
    ) -> None:
        self.signal: Signal = signal
        self.destination = where
        self.name = name
        self.tally = Tally()
        self.last: Delivery | None = None
        self._credentials = credentials
        self._count = count or _length
        self._make = make
        self._exporter: Exporter[B_contra] | None = None
        self._outage = outage.of(where)
        self._hurried = False

    def exporter(self) -> Exporter[B_contra]:
        """Return the exporter, made now if need be."""
        if self._exporter is None:
            self._exporter = self._make()
            _quiet(self._exporter)
            if self._hurried:
                self.hurry()
        return self._exporter

    def send(self, batch: B_contra) -> bool:
        """Send a batch; True when the other side took it. Called from one thread at a time."""
        began = time.perf_counter()
        self.last = delivery = self._deliver(batch)
        self.tally.durations_s.append(time.perf_counter() - began)
        self.tally.size += delivery.size
        if delivery.cause is not None:
            self.tally.failures[delivery.cause] = self.tally.failures.get(delivery.cause, 0) + 1
            self._outage.fails(self.signal, self.destination, delivery.cause, delivery.said, self._credentials)
            return False
        self.tally.items += max(0, self._count(batch) - delivery.rejected)
        if delivery.rejected:
            dropped.add(self.signal, dropped.REJECTED, delivery.rejected)
        if delivery.rejected or delivery.said:
            self._outage.notes(self.signal, self.destination, delivery.said, delivery.rejected)
        self._outage.works(self.signal, self.destination)
        return True

    def _deliver(self, batch: B_contra) -> Delivery:
        token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
        _sending.active, _sending.said = True, ""
        try:
            result = self.exporter().export(batch)
        except Exception as error:  # noqa: BLE001 - an exporter that breaks loses its batch, not the thread
            return Delivery(Cause.OTHER, f"{type(error).__name__}: {error}")
        finally:
            _sending.active = False
            detach(token)
        if isinstance(result, Delivery):
            return result
        if getattr(result, "name", "SUCCESS") != "SUCCESS":
            return Delivery(Cause.OTHER, _sending.said or "the exporter gave no reason")
        return Delivery()

    def cure(self) -> str:
        """Return what to do about the latest failure; empty where there was none or nobody knows."""
        return "" if self.last is None or self.last.cause is None else cure(self.last.cause, self._credentials)

    def close(self) -> None:
        """Close the exporter's connections."""
        exporter, self._exporter = self._exporter, None
        if exporter is not None:
            exporter.shutdown()

    def renew_after_fork(self) -> None:
        """Leave the parent's connection alone, and count from zero; called in the child."""
        self._exporter = None
        self._hurried = False
        self.tally = Tally()

    def hurry(self) -> None:
        """End the pause before another attempt, and make no further ones: the process is about to end."""
        self._hurried = True
        if (hurry := getattr(self._exporter, "hurry", None)) is not None:
            hurry()


def _length(batch: object) -> int:
    return len(cast("Sized", batch))


class _Sending(threading.local):
    active = False
    said = ""


_sending = _Sending()


class _Quiet(logging.Filter):
    """Keeps an exporter from logging each failed attempt of ours; its first word becomes the reason in our one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not _sending.active:
            return True
        # The first word names the cause, the last only says that patience ran out.
        if not _sending.said and record.levelno >= logging.WARNING:
            cause = record.args[0] if isinstance(record.args, tuple) and record.args else None
            _sending.said = str(cause) if record.msg.startswith("Transient error") else record.getMessage()
        return False


_quiet_filter = _Quiet()


def _quiet(exporter: object) -> None:
    logging.getLogger("urllib3.connectionpool").addFilter(_quiet_filter)  # at DEBUG it tells of each request
    for kind in type(exporter).__mro__:
        if kind.__module__.startswith("opentelemetry.exporter."):
            logging.getLogger(kind.__module__).addFilter(_quiet_filter)
