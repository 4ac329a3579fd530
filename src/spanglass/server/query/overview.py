"""How are the model calls doing: calls, errors, tokens, cost and latency; in total, over time, by model."""

from __future__ import annotations

from typing import Final

import msgspec

from spanglass.errors import QueryError
from spanglass.server.query.call_figures import NOTHING, Figures, bins, figures, sums
from spanglass.server.query.calls import Calls
from spanglass.server.query.figures import count, text
from spanglass.server.query.filters import ANY, Filters
from spanglass.server.store.protocol import Store

MAX_BUCKETS: Final = 2_000
_GOOD_BUCKETS: Final = 60
_STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400)
_SECOND: Final = 1_000_000_000


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one step of time; `start` in Unix seconds. Empty steps are present, with zero calls."""

    start: float
    figures: Figures


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one model, by provider and the model asked for (else the one that answered)."""

    provider: str | None
    model: str | None
    figures: Figures


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    Attributes:
        start: Unix seconds, inclusive.
        end: Unix seconds, exclusive.
        step: Seconds a bucket.
        totals: Of the whole range.
        buckets: Over time, in order; they start at multiples of the step, so the first and last may be partial.
        models: Most calls first, at most 50.
    """

    start: float
    end: float
    step: float
    totals: Figures
    buckets: tuple[Bucket, ...]
    models: tuple[Model, ...]


def overview(
    store: Store, *, start_ns: int, end_ns: int, step_ns: int | None = None, filters: Filters = ANY
) -> Overview:
    """Return the figures of the model calls that start in a range.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.
        step_ns: Width of a bucket; by default one that gives at most 61 buckets.
        filters: Each holds of the call's own span.

    Raises:
        QueryError: The range is empty, it has more than 2,000 steps, a filter is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    if not 0 <= start_ns < end_ns:
        raise QueryError("The range is empty; its end must be after its start.")
    step = good_step(start_ns, end_ns) if step_ns is None else step_ns
    if step <= 0 or (end_ns - start_ns) // step > MAX_BUCKETS:
        raise QueryError(f"The range has more than {MAX_BUCKETS} steps, or a step of 0; ask for a longer step.")
    calls = Calls(store, start_ns=start_ns, end_ns=end_ns, filters=filters)
    return Overview(
        start=start_ns / _SECOND,
        end=end_ns / _SECOND,
        step=step / _SECOND,
        totals=figures(sums(store, calls, {})[0], bins(store, calls, {}).get((), {})),
        buckets=_buckets(store, start_ns, end_ns, step, filters),
        models=_models(store, start_ns, end_ns, filters),
    )


def good_step(start_ns: int, end_ns: int) -> int:
    """Return a step that people know, in ns, of which at most 60 cover the range."""
    for step_s in _STEPS_S:
        if (end_ns - start_ns) <= step_s * _SECOND * _GOOD_BUCKETS:
            return step_s * _SECOND
    days = -(-(end_ns - start_ns) // (86_400 * _SECOND * _GOOD_BUCKETS))
    return days * 86_400 * _SECOND


def _buckets(store: Store, start_ns: int, end_ns: int, step: int, filters: Filters) -> tuple[Bucket, ...]:
    calls = Calls(store, start_ns=start_ns, end_ns=end_ns, filters=filters, step_ns=step)
    keys = {"step": "sg_time_step(start_ns, $step_ns)"}
    measured = bins(store, calls, keys, {"step_ns": step})
    rows = {count(row["step"]): row for row in sums(store, calls, keys, more={"step_ns": step})}
    found = {index: figures(row, measured.get((index,), {})) for index, row in rows.items()}
    indexes = range(start_ns // step, (end_ns - 1) // step + 1)
    return tuple(Bucket(start=index * step / _SECOND, figures=found.get(index, NOTHING)) for index in indexes)


def _models(store: Store, start_ns: int, end_ns: int, filters: Filters) -> tuple[Model, ...]:
    dimensions = ("provider", "request_model", "response_model")
    calls = Calls(store, start_ns=start_ns, end_ns=end_ns, filters=filters, dimensions=dimensions)
    keys = {"its_provider": "provider", "its_model": "coalesce(request_model, response_model)"}
    measured = bins(store, calls, keys)
    order = "ORDER BY all_attempts DESC, its_provider, its_model\nLIMIT 50"
    return tuple(
        Model(
            provider=text(row["its_provider"]),
            model=text(row["its_model"]),
            figures=figures(row, measured.get((row["its_provider"], row["its_model"]), {})),
        )
        for row in sums(store, calls, keys, order=order)
    )
