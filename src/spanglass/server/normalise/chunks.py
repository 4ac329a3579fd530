"""Events of which there is one a streamed chunk: the first says when the answer began, the others say nothing."""

from __future__ import annotations

from msgspec.structs import replace

from spanglass.server.normalise.dialects.traceloop import CHUNKS
from spanglass.server.record import Span


def without_chunks(span: Span) -> Span:
    """Return a span without its second and later event of a chunk; the same span where it has none.

    A stream of 500 chunks brings as many events, which nobody reads and which take more room than all the rest.
    """
    if not any(event.name in CHUNKS for event in span.events):
        return span
    seen: set[str] = set()
    kept = []
    for event in span.events:
        if event.name in CHUNKS and event.name in seen:
            continue
        seen.add(event.name)
        kept.append(event)
    return replace(span, events=tuple(kept))
