"""An export request's bytes become a `Received`; the only door between OTLP and the records."""

from __future__ import annotations

import hashlib

from spanglass.server.receive.limits import Limits
from spanglass.server.receive.logs import read_log
from spanglass.server.receive.points import read_metric
from spanglass.server.receive.reading import Reading
from spanglass.server.receive.spans import read_span
from spanglass.server.receive.values import Pairs
from spanglass.server.record import LogRecord, MetricPoint, Received, Signal, Span

_DIGEST_BYTES = 16


class Decoder:
    """Decodes requests for one thread at a time; remembers attributes that repeat from request to request.

    About 11 us a span with 18 attributes; a message costs as much as its bytes say and no more than `Limits`.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pairs = Pairs(limits)

    def decode(self, signal: Signal, body: bytes, *, received_ns: int) -> Received:
        """Decode a protobuf body.

        Raises:
            MalformedPayload: The bytes are not an export request of this signal.
            PayloadTooLarge: Over a limit on items, elements or depth.
        """
        reading = Reading(self._limits, self._pairs, received_ns)
        spans: list[Span] = []
        logs: list[LogRecord] = []
        points: list[MetricPoint] = []
        for resource, scope, items in reading.blocks(body):
            if signal is Signal.TRACES:
                spans += [span for data in items if (span := read_span(data, resource, scope, reading)) is not None]
            elif signal is Signal.LOGS:
                logs += [log for data in items if (log := read_log(data, resource, scope, reading)) is not None]
            else:
                for data in items:
                    points += read_metric(data, resource, scope, reading)
        return Received(
            signal=signal,
            digest=hashlib.blake2b(body, digest_size=_DIGEST_BYTES, person=signal.encode()).digest(),
            size=reading.held,
            received_ns=received_ns,
            spans=spans,
            logs=logs,
            points=points,
            rejected=reading.rejected,
            rejected_reason=reading.reason,
        )
