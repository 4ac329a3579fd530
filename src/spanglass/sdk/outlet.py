"""The way out for one signal: an exporter made when first needed, kept from being traced, its failures said once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value

from spanglass.sdk.dropped import Signal
from spanglass.sdk.guard import logger

B_contra = TypeVar("B_contra", contravariant=True)
_SAY_AGAIN_S = 300.0
_REASON_LIMIT = 300


class Exporter(Protocol[B_contra]):
    """What an OpenTelemetry exporter of any signal offers."""

    def export(self, batch: B_contra, /) -> object:
        """Send a batch; the result is an enumeration whose good member is called SUCCESS."""

    def shutdown(self) -> None:
        """Close connections."""


class Outlet(Generic[B_contra]):
    """Sends batches through an exporter.

    Args:
        signal: What is sent.
        destination: Where to, for the log line.
        make: Makes the exporter; called again in a forked child, which must not share the parent's connection.
    """

    def __init__(self, signal: Signal, destination: str, make: Callable[[], Exporter[B_contra]]) -> None:
        self.destination = destination
        self._signal = signal
        self._make = make
        self._exporter: Exporter[B_contra] | None = None
        self._failing = False
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
        token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
        _sending.active, _sending.said = True, ""
        try:
            result = self.exporter().export(batch)
        except Exception as error:  # noqa: BLE001 - an exporter that breaks loses its batch, not the thread
            self._fail(f"{type(error).__name__}: {error}")
            return False
        finally:
            _sending.active = False
            detach(token)
        if getattr(result, "name", "SUCCESS") != "SUCCESS":
            self._fail(_sending.said or "the exporter gave no reason")
            return False
        if self._failing:
            self._failing = False
            logger.info("Exporting %s to %s works again.", self._signal, self.destination)
        return True

    def close(self) -> None:
        """Close the exporter's connections."""
        exporter, self._exporter = self._exporter, None
        if exporter is not None:
            exporter.shutdown()

    def renew_after_fork(self) -> None:
        """Leave the parent's connection alone; called in the child."""
        self._exporter = None
        self._hurried = False

    def hurry(self) -> None:
        """End the pause before another attempt, and make no further ones: the process is about to end."""
        self._hurried = True
        # OpenTelemetry offers this only together with closing; where its insides differ, the exit timeout bounds it.
        pause = getattr(getattr(self._exporter, "_client", None), "_shutdown_event", None)
        if isinstance(pause, threading.Event):
            pause.set()

    def _fail(self, reason: str) -> None:
        self._failing = True
        now = time.monotonic()
        receiver = self.destination.partition("/v1/")[0]
        if now - _said_at.get(receiver, float("-inf")) < _SAY_AGAIN_S:
            return
        _said_at[receiver] = now
        logger.warning(
            "Cannot export %s to %s: %s. The application is not affected; what cannot be sent is dropped and "
            "counted in spanglass.sdk.dropped. Is the receiver running there? `spanglass doctor` checks.",
            self._signal,
            self.destination,
            reason[:_REASON_LIMIT].rstrip("."),
        )


# When each receiver was last said to fail: three signals that fail together are one line.
_said_at: dict[str, float] = {}


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
