"""The families of spans that are no runs of ours, by parent and of a bounded number; a family itself is `family`'s."""

from __future__ import annotations

from collections import OrderedDict

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, Tracer, set_span_in_context

from spanglass.sdk.structure.family import Family

_PARENTS = 1024


class Families:
    """Families by parent. Without a lock: each step is one operation on a dictionary.

    Args:
        tracer: Makes the spans that stand for folded ones.
    """

    __slots__ = ("_by_parent", "_tracer")

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._by_parent: OrderedDict[int, tuple[SpanContext, Family]] = OrderedDict()  # by span id, oldest first

    def of(self, parent: SpanContext) -> Family:
        """Return the family of a span; the oldest of too many is closed."""
        found = self._by_parent.get(parent.span_id)
        if found is None:
            found = self._by_parent[parent.span_id] = (parent, Family())
            if len(self._by_parent) > _PARENTS:
                self._close(*self._by_parent.popitem(last=False)[1])
        return found[1]

    def close(self, span_id: int) -> bool:
        """Make spans of what was folded below a span that ends; say whether it had a family."""
        found = self._by_parent.pop(span_id, None)
        if found is not None:
            self._close(*found)
        return found is not None

    def _close(self, parent: SpanContext, family: Family) -> None:
        family.close(self._tracer, set_span_in_context(NonRecordingSpan(parent), Context()))
