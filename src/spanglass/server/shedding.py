"""What a batch can do without where memory is short: long texts and large values, once usage and cost were read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from sys import getsizeof
from typing import Final, NamedTuple

from msgspec.structs import replace

from spanglass.semconv import attributes as attr
from spanglass.server.record import Attributes, Batch, Event, LogRecord, Span, StoredSpan, Value

_CONTENT_BYTES: Final = 512
"""A value that takes more is content: messages, arguments, results, documents. Names and ids are far smaller."""
_KEPT: Final = re.compile("error|exception|status")
"""What went wrong is kept at any length."""
_BODY: Final = "body"


class Shed(NamedTuple):
    """What is left.

    Attributes:
        batch: The batch without its content.
        items: Spans and log records that lost something.
        freed: Bytes of memory they lost, about.
    """

    batch: Batch
    items: int
    freed: int


def shed(batch: Batch) -> Shed:
    """Return a batch without content: what was understood of it, its errors and its short attributes stay.

    An item that lost something says what, in `spanglass.shed`. Metric points have no content.
    """
    tally = _Tally()
    spans = [_span(stored, tally) for stored in batch.spans]
    logs = [_log(record, tally) for record in batch.logs]
    return Shed(replace(batch, spans=spans, logs=logs), tally.items, tally.freed)


class _Tally:
    def __init__(self) -> None:
        self.items = 0
        self.freed = 0


def _span(stored: StoredSpan, tally: _Tally) -> StoredSpan:
    span = stored.span
    lost = _content(span.attributes)
    events = tuple(_event(event, tally) for event in span.events)
    of_events = events != span.events
    if not lost and not of_events:
        return stored
    tally.items += 1
    attributes = _without(span.attributes, lost, tally) if lost else span.attributes
    slim: Span = replace(span, attributes=attributes, events=events)
    return replace(stored, span=slim)


def _event(event: Event, tally: _Tally) -> Event:
    lost = _content(event.attributes)
    return replace(event, attributes=_without(event.attributes, lost, tally)) if lost else event


def _log(record: LogRecord, tally: _Tally) -> LogRecord:
    lost = _content(record.attributes)
    size = _size(record.body)
    if not lost and size <= _CONTENT_BYTES:
        return record
    tally.items += 1
    attributes = _without(record.attributes, lost, tally)
    if size <= _CONTENT_BYTES:
        return replace(record, attributes=attributes)
    tally.freed += size
    return replace(record, body=None, attributes={**attributes, attr.SHED: (_BODY, *lost)})


def _content(attributes: Attributes) -> list[str]:
    return [key for key, value in attributes.items() if _size(value) > _CONTENT_BYTES and not _is_kept(key)]


def _is_kept(key: str) -> bool:
    return key == attr.SHED or _KEPT.search(key) is not None


def _without(attributes: Attributes, lost: Sequence[str], tally: _Tally) -> Attributes:
    tally.freed += sum(_size(attributes[key]) for key in lost)
    left = {key: value for key, value in attributes.items() if key not in lost}
    return {**left, attr.SHED: tuple(lost)}


def _size(value: Value) -> int:
    if isinstance(value, Mapping):
        return getsizeof(value) + sum(getsizeof(key) + _size(part) for key, part in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return getsizeof(value) + sum(map(_size, value))
    return getsizeof(value)
