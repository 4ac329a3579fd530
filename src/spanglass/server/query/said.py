"""What was said in a stored span, in the conventions' shapes, whoever recorded it."""

from __future__ import annotations

from typing import Annotated, Final, cast

import msgspec

from spanglass.server.normalise.content import read_content
from spanglass.server.normalise.dialect import Content
from spanglass.server.query.figures import count, text
from spanglass.server.query.spans import EventWhole
from spanglass.server.record import Attributes, Event, Resource, Scope, Span, SpanKind, Status, Value
from spanglass.server.store.protocol import Cell, Row
from spanglass.server.store.rows import json_text

_ANY: Final = {"description": "Any JSON value."}
_OBJECTS: Final = {"type": "array", "items": {"type": "object", "additionalProperties": _ANY}}
JsonList = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema=_OBJECTS)]
"""A list of objects as JSON text."""
JsonValue = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema=_ANY)]
"""Any value as JSON text."""
_NOBODY: Final = Resource(None, None, {})
_attributes = msgspec.json.Decoder(dict[str, object]).decode
_events = msgspec.json.Decoder(list[EventWhole]).decode


class ContentView(msgspec.Struct, frozen=True, kw_only=True):
    """What was said, in the shapes of the OpenTelemetry GenAI conventions; null where nothing was recorded.

    Attributes:
        input_messages: Messages sent, `{"role": ..., "parts": [...]}`.
        output_messages: Messages received, one a choice.
        system_instructions: Parts of the instructions that were sent apart from the messages.
        tool_definitions: Tools offered.
        tool_arguments: What a tool was called with.
        tool_result: What it returned.
    """

    input_messages: JsonList | None
    output_messages: JsonList | None
    system_instructions: JsonList | None
    tool_definitions: JsonList | None
    tool_arguments: JsonValue | None
    tool_result: JsonValue | None


def said(row: Row) -> Content | None:
    """Return what was said in a span; None where nothing was.

    Args:
        row: With the span's name, scope_name, start_ns, end_ns, attributes, events and received_ns, and with
            content_attributes and content_events, which are NULL where it has no content. Spans that were stored before
            content was kept apart have no received_ns, and theirs among their attributes.
    """
    apart = row["content_attributes"] is not None or row["content_events"] is not None
    if not apart and row["received_ns"] is not None:
        return None
    content = read_content(_span(row))
    return content if any(part not in (None, (), []) for part in content) else None


def content_view(row: Row) -> ContentView | None:
    """Return what was said in a span as an answer shows it; None where nothing was. The row is that of `said`."""
    content = said(row)
    if content is None:
        return None
    return ContentView(
        input_messages=_json(content.input_messages or None),
        output_messages=_json(content.output_messages or None),
        system_instructions=_json(content.system_instructions or None),
        tool_definitions=_json(content.tool_definitions or None),
        tool_arguments=_json(content.tool_arguments),
        tool_result=_json(content.tool_result),
    )


def _json(value: Value) -> msgspec.Raw | None:
    if value is None:
        return None
    try:
        return msgspec.Raw(json_text(value).encode())
    except RecursionError:  # text that is just not too deep to be read
        return None


def _span(row: Row) -> Span:
    """Return the span, as far as dialects are told by it."""
    start_ns = count(row["start_ns"])
    attributes = _read_attributes(row["attributes"]) | _read_attributes(row["content_attributes"])
    events = [*_read_events(row["events"]), *_read_events(row["content_events"])]
    return Span(
        trace_id="",
        span_id="",
        parent_span_id=None,
        name=str(row["name"]),
        kind=SpanKind.UNSPECIFIED,
        start_ns=start_ns,
        end_ns=count(row["end_ns"]),
        status=Status.UNSET,
        status_message=None,
        trace_state=None,
        attributes=attributes,
        events=tuple(sorted(events, key=_time)),
        links=(),
        resource=_NOBODY,
        scope=Scope(text(row["scope_name"]), None),
    )


def _read_attributes(cell: Cell) -> dict[str, Value]:
    return cast("dict[str, Value]", _attributes(cell)) if isinstance(cell, str) else {}


def _read_events(cell: Cell) -> list[Event]:
    if not isinstance(cell, str):
        return []
    return [Event(event.name, event.time_ns, cast("Attributes", event.attributes)) for event in _events(cell)]


def _time(event: Event) -> int:
    return event.time_ns
