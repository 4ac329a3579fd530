"""What of stored traces Jaeger's clients are shown, in whichever of its two forms, and how much of it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.query.services import UNKNOWN
from spanglass.server.query.spans import Outline, SpanWhole

MOST_SPANS: Final = 50_000
"""Of a trace that is opened."""
SEARCH_SPANS: Final = 20_000
"""Of all traces of a search together; each has its share, and at least 50."""
_LEAST_SHARE: Final = 50
_TRACE_BYTES: Final = 64 * 1024 * 1024
_PIECE: Final = 256 * 1024


def share(traces: int) -> int:
    """Return how many spans each of several traces shows."""
    return max(_LEAST_SHARE, SEARCH_SPANS // max(1, traces))


def bounded(outlines: Sequence[Outline]) -> list[Outline]:
    """Return outlines whose texts are at most 64 MiB together: each has an equal share of it, and at least one span."""
    room = _TRACE_BYTES // max(1, len(outlines))
    return [_within(outline, room) for outline in outlines]


def warnings(outline: Outline) -> list[str]:
    """Return what a person should know of a trace that is shown in part."""
    if len(outline.places) == outline.total:
        return []
    return [
        f"These are the first {len(outline.places)} of {outline.total} spans; the trace is too large to be shown whole."
    ]


def attributes(span: SpanWhole) -> Mapping[str, object]:
    """Return a span's attributes, and what it cost as spanglass knows it, whatever its producer says of that."""
    if span.cost_state is None:
        return span.attributes
    cost = {attr.COST_STATE: span.cost_state}
    if span.cost is not None:
        cost[attr.COST_EXACT] = format(span.cost, "f")
    return {**span.attributes, **cost}


def service_of(span: SpanWhole) -> str:
    """Return the name of a span's service; all must have one here."""
    return span.service or UNKNOWN


def gathered(parts: Iterator[bytes]) -> Generator[bytes, None, None]:
    """Yield the same bytes in pieces of 256 KiB or more; the last may be smaller."""
    held = bytearray()
    for part in parts:
        held += part
        if len(held) >= _PIECE:
            yield bytes(held)
            held.clear()
    yield bytes(held)


def _within(outline: Outline, room: int) -> Outline:
    taken = 0
    for number, place in enumerate(outline.places):
        taken += place.size
        if number and taken > room:
            return outline._replace(places=outline.places[:number])
    return outline
