"""What was said in a span, in the conventions' JSON shapes, whoever recorded it; read when shown, never stored."""

from __future__ import annotations

from spanglass.server.normalise.dialect import Content
from spanglass.server.normalise.dialects.conventions import read_current, read_events
from spanglass.server.normalise.translation import spoken_in
from spanglass.server.record import Span


def read_content(span: Span) -> Content:
    """Return messages, instructions and tools of a span; each from the first dialect that has it.

    The attributes and events of a span are stored as they were sent; this is for whoever shows them, so that content is
    kept once, and what is learnt about a dialect holds for what was stored before. Never raises, whatever was sent.
    """
    found = read_current(span.attributes)
    for dialect in spoken_in(span):
        if dialect.content is not None:
            found = _together(found, dialect.content(span))
    return _together(found, read_events(span)) if span.events else found


def _together(first: Content, second: Content) -> Content:
    return Content(
        first.input_messages or second.input_messages,
        first.output_messages or second.output_messages,
        first.system_instructions or second.system_instructions,
        first.tool_definitions or second.tool_definitions,
        first.tool_arguments if first.tool_arguments is not None else second.tool_arguments,
        first.tool_result if first.tool_result is not None else second.tool_result,
    )
