"""The bytes of a log record become a record."""

from __future__ import annotations

from typing import cast

from spanglass.server.receive import messages
from spanglass.server.receive.reading import LATEST_NS, Reading, span_id, trace_id
from spanglass.server.record import LogRecord, Resource, Scope

_HIGHEST_SEVERITY = 24


def read_log(data: bytes, resource: Resource, scope: Scope, reading: Reading) -> LogRecord | None:
    """Return a log record, or None where it was rejected.

    Raises:
        MalformedPayload: The bytes are not a log record.
        PayloadTooLarge: Its body or an attribute is nested too deeply, or has too many elements.
    """
    message = cast("messages.LogMessage", reading.parse(messages.LOG, data))
    time_ns = message.time_unix_nano or message.observed_time_unix_nano or reading.received_ns
    if time_ns > LATEST_NS:
        reading.reject("A log record has a time after the year 2262; times are nanoseconds.")
        return None
    trace, span = trace_id(message.trace_id), span_id(message.span_id)
    if (trace is None and any(message.trace_id)) or (span is None and any(message.span_id)):
        reading.repair("A log record has a trace or span id of the wrong length; it was kept without.")
    reading.hold(message.severity_text, message.event_name)
    severity = message.severity_number
    return LogRecord(
        time_ns=time_ns,
        severity=severity if 0 <= severity <= _HIGHEST_SEVERITY else 0,
        severity_text=message.severity_text or None,
        event_name=message.event_name or None,
        body=reading.pairs.body(message.body),
        trace_id=trace,
        span_id=span,
        attributes=reading.attributes(message.attributes),
        resource=resource,
        scope=scope,
    )
