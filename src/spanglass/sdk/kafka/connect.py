"""Connecting to a broker: a span and a measurement of it, with the part that TLS took where a client shows it."""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.trace import SpanKind

from spanglass.sdk import active, clock
from spanglass.sdk.calls.attributes import Attributes
from spanglass.sdk.kafka.exchange import SYSTEM
from spanglass.sdk.structure.ledger import Ledger
from spanglass.sdk.structure.place import Place
from spanglass.sdk.structure.run import Run
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics

_NS = 1e-9


class ConnectRun(Run):
    """One connection being made, until requests can be sent on it.

    Args:
        host: The broker's host.
        port: Its port.
        tls: Whether it is encrypted.
    """

    operation = "connect"
    kind = SpanKind.CLIENT

    def __init__(self, host: str, port: int, *, tls: bool) -> None:
        super().__init__(f"{host}:{port}")
        self._host = host
        self._port = port
        self._tls = tls
        self._times: Attributes = {}

    def transport_made(self, at_ns: int | None = None) -> None:
        """Note that TCP and TLS are there; what follows is Kafka's own: versions, and logging in.

        Args:
            at_ns: When that was, on the clock of durations; now by default.
        """
        made_ns = clock.monotonic_ns() if at_ns is None else at_ns
        self._times[attr.CONNECT_TRANSPORT_TIME] = (made_ns - self._began.monotonic_ns) * _NS

    def tls_took(self, duration_ns: int) -> None:
        """Note how long the handshake of TLS took."""
        self._times[attr.CONNECT_TLS_TIME] = duration_ns * _NS

    def _attributes(self, place: Place) -> Attributes:  # noqa: ARG002 - the interface's
        return {
            attr.MESSAGING_SYSTEM: SYSTEM,
            attr.SERVER_ADDRESS: self._host,
            attr.SERVER_PORT: self._port,
            attr.TLS_ESTABLISHED: self._tls,
        }

    def _results(self) -> Attributes:
        return self._times

    def _measure(self, ledger: Ledger, seconds: float, error_type: str | None, context: Context) -> None:
        labels = {attr.MESSAGING_SYSTEM: SYSTEM, attr.SERVER_ADDRESS: self._host, attr.ERROR_TYPE: error_type}
        ledger.record(metrics.MESSAGING_CONNECT, seconds, labels, context)


def connecting(host: object, port: object, *, tls: bool) -> ConnectRun | None:
    """Begin to connect; None where spanglass is off."""
    if active.current() is None or not isinstance(host, str) or not isinstance(port, int):
        return None
    run = ConnectRun(host, port, tls=tls)
    run.start()
    return run if run.is_open else None
