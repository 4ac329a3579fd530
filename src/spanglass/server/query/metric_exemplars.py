"""Exemplars of a metric: single measurements that name the trace they were made in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from spanglass.server.query.figures import count
from spanglass.server.query.metric_lines import Key
from spanglass.server.query.metric_measures import Asked
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Store

MOST_EXEMPLARS: Final = 50
_A_STEP: Final = 3
"""Of one step of time, the largest."""
_POINTS: Final = 500
_TEXTS: Final = 4 * 1024 * 1024
_SECOND: Final = 1_000_000_000


class Exemplar(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement, and the trace it was made in.

    Attributes:
        time: Unix seconds.
        value: What was measured.
        trace_id: 32 hex digits; None where it was measured outside of a trace.
        span_id: 16 hex digits.
        label: The label of its line; None where lines have none.
        attributes: Labels that the metric's view left out, as sent.
    """

    time: float
    value: float | int
    trace_id: str | None
    span_id: str | None
    label: str | None
    attributes: dict[str, object]


class _Sent(msgspec.Struct):
    """An exemplar as it is stored."""

    at_ns: int = msgspec.field(name="timeUnixNano", default=0)
    value: float | int | None = None
    trace_id: str | None = msgspec.field(name="traceId", default=None)
    span_id: str | None = msgspec.field(name="spanId", default=None)
    attributes: dict[str, object] = msgspec.field(name="filteredAttributes", default_factory=dict)


class _Details(msgspec.Struct):
    """What of a stored point's details is read."""

    exemplars: list[_Sent] = msgspec.field(default_factory=list)


_details = msgspec.json.Decoder(_Details).decode


def exemplars(store: Store, asked: Asked, keys: Mapping[int, Key]) -> Sequence[Exemplar]:
    """Return measurements of the newest points: the newest steps first, of each step the three largest; 50 at most.

    Raises:
        QueryError: The question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    rows = store.select(
        statement("metric_exemplars", filters=asked.conditions),
        {**asked.parameters, "limit": _POINTS, "most_texts": _TEXTS},
    )
    steps: dict[int, dict[tuple[object, ...], Exemplar]] = {}
    for row in rows:
        key = keys.get(count(row["line"]))
        if key is not None:
            for sent in _details(str(row["details"])).exemplars:
                _note(sent, asked, key, steps)
    chosen = (
        one
        for step in sorted(steps, reverse=True)
        for one in sorted(steps[step].values(), key=lambda one: (-one.value, -one.time))[:_A_STEP]
    )
    return [one for _, one in zip(range(MOST_EXEMPLARS), chosen, strict=False)]


def _note(sent: _Sent, asked: Asked, key: Key, steps: dict[int, dict[tuple[object, ...], Exemplar]]) -> None:
    """Keep one that was made in the range; a cumulative point sends it again and again."""
    if sent.value is None or not math.isfinite(sent.value) or sent.at_ns not in asked.times:
        return
    which = (sent.at_ns, sent.value, sent.trace_id, sent.span_id)
    steps.setdefault(sent.at_ns // asked.step_ns, {})[which] = Exemplar(
        time=sent.at_ns / _SECOND,
        value=sent.value,
        trace_id=sent.trace_id,
        span_id=sent.span_id,
        label=key.label,
        attributes=sent.attributes,
    )
