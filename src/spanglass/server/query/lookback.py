"""A range cut into slices, newest first, so that a question may stop when it has found enough or looked long enough."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from spanglass.server.query.figures import count
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Store

FIRST_SPANS: Final = 20_000
SLICE_S: Final = 0.25
"""How long a slice should take, seconds; the next is made larger or smaller by how long the last one took."""
_STEPS: Final = 2_000
"""How many steps of time the spans of a range are counted by."""
_GROWTH: Final = 4


class Lookback:
    """A range in slices, newest first, each of about as many spans as can be looked at in `SLICE_S`."""

    def __init__(self, store: Store, asked: range, *, spans: int = FIRST_SPANS) -> None:
        """Count the spans of the range by steps of time, once.

        Args:
            store: Where to look.
            asked: The range, Unix nanoseconds.
            spans: About how many there should be in the first slice, and how many at least in others.

        Raises:
            QueryError: The question took too long.
            StoreUnavailable: The store is closed or unreachable.
        """
        self._asked = asked
        self._fewest = spans / _GROWTH
        self._spans = float(spans)
        self._step_ns = max(1, -(-(asked.stop - asked.start) // _STEPS))
        bounds = {"start_ns": asked.start, "end_ns": asked.stop, "step_ns": self._step_ns}
        rows = store.select(statement("density"), bounds)
        self._density = [(count(row["step"]) * self._step_ns, count(row["spans"])) for row in rows]

    def took(self, seconds: float) -> None:
        """Say how long the latest slice took."""
        growth = min(_GROWTH, max(1 / _GROWTH, SLICE_S / max(seconds, 1e-6)))
        self._spans = max(self._fewest, self._spans * growth)

    def __iter__(self) -> Iterator[range]:
        """Yield slices that cover the range without gaps; each is as large as what was said of the last one allows."""
        before, held = self._asked.stop, 0.0
        for step_ns, spans in self._density:
            bottom, top, left = max(step_ns, self._asked.start), before, float(spans)
            while held + left > self._spans:
                cut = top - max(1, int((top - bottom) * (self._spans - held) / left))
                if cut <= bottom:
                    break
                yield range(cut, before)
                left *= (cut - bottom) / (top - bottom)
                before, top, held = cut, cut, 0.0
            held += left
            if held >= self._spans and bottom > self._asked.start:
                yield range(bottom, before)
                before, held = bottom, 0.0
        if before > self._asked.start:
            yield range(self._asked.start, before)
