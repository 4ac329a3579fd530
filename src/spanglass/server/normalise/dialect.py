"""What a dialect is: one producer's way of saying what the current conventions say; none is here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from spanglass.server.record import Attributes, Span, Value

Infer: TypeAlias = Callable[[Span, Attributes], Mapping[str, Value]]
"""From a span and its attributes under current names: attributes to add where they are missing."""


class Content(NamedTuple):
    """What was said, in the JSON shapes of the GenAI conventions; empty or None where nothing was recorded.

    Attributes:
        input_messages: Messages sent: `[{"role": ..., "parts": [...]}]`.
        output_messages: Messages received, one a choice.
        system_instructions: Parts sent apart from the messages.
        tool_definitions: Tools offered.
        tool_arguments: What a tool was called with.
        tool_result: What it returned.
    """

    input_messages: Sequence[Value] = ()
    output_messages: Sequence[Value] = ()
    system_instructions: Sequence[Value] = ()
    tool_definitions: Sequence[Value] = ()
    tool_arguments: Value = None
    tool_result: Value = None


class Dialect(NamedTuple):
    """One producer's way of saying it.

    Attributes:
        name: Who speaks it.
        scopes: Instrumentation scopes that speak it, or the beginning of their names; these are asked first.
        names: Its attribute names, and the current ones. Where several mean the same, the first that is there counts;
            a current name that is there counts before all.
        marks: Its attributes that have no current name and yet tell that it is spoken, or what `infer` reads.
        milliseconds: Those of the names whose values are milliseconds; the current unit is the second.
        infer: What follows from the span beyond names.
        correct: What a current name says wrongly in this dialect; replaces what was sent.
        content: Reads what was said, where it is not under current names.
    """

    name: str
    scopes: tuple[str, ...] = ()
    names: Mapping[str, str] = {}
    marks: frozenset[str] = frozenset()
    milliseconds: frozenset[str] = frozenset()
    infer: Infer | None = None
    correct: Infer | None = None
    content: Callable[[Span], Content] | None = None


def first_event_s(span: Span, names: Iterable[str]) -> float | None:
    """Return seconds from a span's start to the first of its events of these names; None without one."""
    times = [event.time_ns for event in span.events if event.name in names]
    return max(0, min(times) - span.start_ns) / 1_000_000_000 if times else None
