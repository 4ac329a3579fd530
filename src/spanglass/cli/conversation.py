"""Prints what was said in spans, from the shapes of the GenAI conventions in which the API gives content."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from spanglass.cli.answer import Part
from spanglass.cli.figures import UNKNOWN
from spanglass.cli.table import QUIET, Screen, styled

_LONGEST: Final = 4_000
"""Characters of one text; `--json` has it whole."""


def show_conversation(screen: Screen, spans: Sequence[Part]) -> None:
    """Print the messages, and the tools' arguments and results, of spans that have them."""
    shown = False
    for span in spans:
        said = [(role, text) for role, text in _said(span.part("content")) if text]
        if not said:
            continue
        shown = True
        screen.heading(span.text("name") or UNKNOWN)
        for role, text in said:
            screen.line(styled(role, QUIET))
            screen.block(_cut(text))
    if not shown:
        screen.line()
        screen.line(
            "No messages: applications leave them out unless told otherwise, as `spanglass run --help` says how."
        )


def _said(content: Part) -> Iterator[tuple[str, str]]:
    """Yield who says what."""
    instructions = [text for part in content.parts("system_instructions") if (text := _part(part))]
    yield "system", "\n".join([*content.texts("system_instructions"), *instructions])
    for message in (*content.parts("input_messages"), *content.parts("output_messages")):
        spoken = [*message.texts("parts"), *(_part(part) for part in message.parts("parts"))]
        yield message.text("role") or "unknown", "\n".join(text for text in spoken if text)
    for name, role in (("tool_arguments", "called with"), ("tool_result", "returned")):
        yield role, _any(content.value(name))


def _part(part: Part) -> str:
    """Return a part of a message in words."""
    kind = part.text("type") or ""
    if kind in {"text", "reasoning"}:
        return f"{'(reasoning) ' if kind == 'reasoning' else ''}{_any(part.value('content'))}"
    if kind == "tool_call":
        return f"calls {part.text('name') or UNKNOWN} {_any(part.value('arguments'))}"
    if kind == "tool_call_response":
        value = part.value("response") if "response" in part else part.value("result")
        return f"returned {_any(value)}"
    media = part.text("mime_type") or part.text("modality")
    return f"({' '.join(word for word in (kind or 'part', media, part.text('uri')) if word)})"


def _any(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cut(text: str) -> str:
    cut = text[:_LONGEST]
    more = f"… {len(text) - _LONGEST:,} characters more, in --json" if len(text) > _LONGEST else ""
    return cut + more
