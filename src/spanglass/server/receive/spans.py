"""The bytes of a span become a record; ids and times are checked here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, cast

from spanglass.server.receive import messages
from spanglass.server.receive.reading import LATEST_NS, Reading, span_id, trace_id
from spanglass.server.record import Event, Link, Resource, Scope, Span, SpanKind, Status

_KINDS = (
    SpanKind.UNSPECIFIED,
    SpanKind.INTERNAL,
    SpanKind.SERVER,
    SpanKind.CLIENT,
    SpanKind.PRODUCER,
    SpanKind.CONSUMER,
)
_STATUSES = (Status.UNSET, Status.OK, Status.ERROR)
_LONGEST_NAME = 1024
"""Characters; whole pages of traces are listed by them."""
_Name = TypeVar("_Name", SpanKind, Status)


def read_span(data: bytes, resource: Resource, scope: Scope, reading: Reading) -> Span | None:
    """Return a span, or None where it was rejected.

    Raises:
        MalformedPayload: The bytes are not a span.
        PayloadTooLarge: It has too many events or links, or too deep an attribute.
    """
    message = cast("messages.SpanMessage", reading.parse(messages.SPAN, data))
    trace, span = trace_id(message.trace_id), span_id(message.span_id)
    if trace is None or span is None:
        reading.reject(
            f"The span {message.name!r:.80} has no valid id: a trace id is 16 bytes and a span id 8, not all zero."
        )
        return None
    times = _times(message, reading)
    if times is None:
        return None
    status = message.status
    reading.hold(message.name, status.message, message.trace_state)
    events, links = message.events, message.links
    return Span(
        trace,
        span,
        _parent(message, reading),
        message.name[:_LONGEST_NAME],
        _of(_KINDS, message.kind),
        times[0],
        times[1],
        _of(_STATUSES, status.code),
        status.message or None,
        message.trace_state or None,
        reading.attributes(message.attributes),
        _events(events, reading) if events else (),
        _links(links, reading) if links else (),
        resource,
        scope,
    )


def _of(names: Sequence[_Name], number: int) -> _Name:
    return names[number] if 0 <= number < len(names) else names[0]


def _parent(message: messages.SpanMessage, reading: Reading) -> str | None:
    data = message.parent_span_id
    if not data:
        return None
    parent = span_id(data)
    if parent is None and any(data):
        reading.repair(f"The span {message.name!r:.80} has a parent id that is not 8 bytes; it was kept as a root.")
    return parent


def _times(message: messages.SpanMessage, reading: Reading) -> tuple[int, int] | None:
    """Return start and end, put right where they cannot be; None where the span was rejected."""
    start, end = message.start_time_unix_nano, message.end_time_unix_nano
    if start > LATEST_NS or end > LATEST_NS:
        reading.reject(f"The span {message.name!r:.80} has a time after the year 2262; times are nanoseconds.")
        return None
    if not start:
        start = end or reading.received_ns
        reading.repair(f"The span {message.name!r:.80} has no start; it was kept as if it started when it ended.")
    if end < start:
        reading.repair(f"The span {message.name!r:.80} ends before it starts; it was kept with a duration of 0.")
        end = start
    return start, end


def _events(items: Sequence[bytes], reading: Reading) -> tuple[Event, ...]:
    reading.count(len(items))
    found = []
    for data in items:
        message = cast("messages.EventMessage", reading.parse(messages.EVENT, data))
        reading.hold(message.name)
        found.append(
            Event(message.name, min(message.time_unix_nano, LATEST_NS), reading.attributes(message.attributes))
        )
    return tuple(found)


def _links(items: Sequence[bytes], reading: Reading) -> tuple[Link, ...]:
    reading.count(len(items))
    found = []
    for data in items:
        message = cast("messages.LinkMessage", reading.parse(messages.LINK, data))
        trace, span = trace_id(message.trace_id), span_id(message.span_id)
        if trace is None or span is None:
            reading.repair("A link without a valid trace and span id was left out.")
        else:
            found.append(Link(trace, span, reading.attributes(message.attributes)))
    return tuple(found)
