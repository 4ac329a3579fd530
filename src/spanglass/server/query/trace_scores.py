"""How the answers of one trace were judged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import msgspec

from spanglass.server.query.figures import count, number, text
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Cell, Parameter, Row, Store

_SECOND: Final = 1_000_000_000
MOST_SCORES: Final = 1_000


class ScoreView(msgspec.Struct, frozen=True, kw_only=True):
    """One judgement.

    Attributes:
        time: When it was given, Unix seconds.
        span_id: The span judged; None where the trace as a whole, or only a response, is meant.
        response_id: The provider's id of the answer judged.
        name: What was judged, such as relevance or thumbs.
        value: The score as a number.
        label: The score as a word.
        explanation: Why.
        source: check, reviewer or user; None where it does not say.
    """

    time: float
    span_id: str | None
    response_id: str | None
    name: str
    value: float | None
    label: str | None
    explanation: str | None
    source: str | None


def trace_scores(store: Store, which: Mapping[str, Parameter]) -> tuple[ScoreView, ...]:
    """Return the first 1,000 scores of a trace, in order of time.

    Args:
        store: Where to look.
        which: The trace, as trace_key and trace_id, with first_ns and last_ns between which its spans start.

    Raises:
        QueryError: It took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    rows = store.select(statement("trace_scores"), {**which, "most": MOST_SCORES})
    return tuple(_score(row) for row in rows)


def _score(row: Row) -> ScoreView:
    return ScoreView(
        time=count(row["time_ns"]) / _SECOND,
        span_id=text(row["span_id"]),
        response_id=text(row["response_id"]),
        name=str(row["name"]),
        value=_finite(row["score"]),
        label=text(row["label"]),
        explanation=text(row["explanation"]),
        source=text(row["source"]),
    )


def _finite(cell: Cell) -> float | None:
    value = number(cell)
    return None if math.isnan(value) else value
