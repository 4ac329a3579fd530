"""Draws the spans of a trace with text: the branches of their tree, and each as a bar on the trace's time."""

from __future__ import annotations

from collections.abc import Sequence

from spanglass.cli.answer import Part

_DEEPEST = 12
"""Branches drawn; deeper spans say how deep they are."""
_BEFORE_TOKEN, _FULL, _WAITING = "▒", "█", "░"


def tree(spans: Sequence[Part]) -> list[str]:
    """Return what stands before each name, such as `│  └─ `.

    Args:
        spans: Parents before their children, siblings together; one whose parent is not before it is a root.
    """
    places: dict[str, int] = {}
    parents: list[int | None] = []
    for place, span in enumerate(spans):
        parents.append(places.get(span.text("parent_span_id") or ""))
        places.setdefault(span.text("span_id") or "", place)
    last = {parent: place for place, parent in enumerate(parents)}
    drawn: list[str] = []
    stems: list[str] = []
    depths: list[int] = []
    for place, parent in enumerate(parents):
        if parent is None:
            drawn.append("")
            stems.append("")
            depths.append(0)
            continue
        is_last, depth = last[parent] == place, depths[parent] + 1
        depths.append(depth)
        if depth > _DEEPEST:
            stems.append(stems[parent])
            drawn.append(f"{stems[parent]}{depth}: ")
        else:
            drawn.append(f"{stems[parent]}{'└─ ' if is_last else '├─ '}")
            stems.append(f"{stems[parent]}{'   ' if is_last else '│  '}")
    return drawn


def bar(span: Part, whole: float, width: int) -> str:
    """Return a span as a bar.

    Time before the first token is lighter, and so is waiting for a person.

    Args:
        span: With offset and duration, seconds.
        whole: Duration of the trace, seconds.
        width: Characters for the whole trace.
    """
    if whole <= 0:
        return _FULL
    offset, lasts = max(0.0, span.number("offset") or 0.0), max(0.0, span.number("duration") or 0.0)
    begin = min(width - 1, int(offset / whole * width))
    end = max(begin + 1, min(width, round((offset + lasts) / whole * width)))
    if span.text("work") == "waiting":
        return " " * begin + _WAITING * (end - begin)
    first = span.part("call").number("first_token")
    waits = 0 if first is None else min(end - begin, int(min(first, lasts) / whole * width))
    return " " * begin + _BEFORE_TOKEN * waits + _FULL * (end - begin - waits)
