"""How are the model calls doing: calls, errors, tokens, cost and latency; in total, over time, by model."""

from __future__ import annotations

from typing import Final

import msgspec

from spanglass.server.query.call_figures import NOTHING, Figures, among, bins, figures, sums, together
from spanglass.server.query.calls import Calls
from spanglass.server.query.figures import count, text
from spanglass.server.query.filters import ANY, Filters
from spanglass.server.query.steps import asked_step, steps
from spanglass.server.store.protocol import Store

MAX_BUCKETS: Final = 2_000
_SECOND: Final = 1_000_000_000
_STEPS: Final = {"step": "sg_time_step(start_ns, $step_ns)"}


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
    step = asked_step(start_ns, end_ns, step_ns, most=MAX_BUCKETS)
    calls = Calls(store, start_ns=start_ns, end_ns=end_ns, filters=filters)
    by_step = Calls(store, start_ns=start_ns, end_ns=end_ns, filters=filters, step_ns=step)
    measured = bins(store, by_step, _STEPS, {"step_ns": step})
    rows = {count(row["step"]): row for row in sums(store, by_step, _STEPS, more={"step_ns": step})}
    found = {index: figures(row, measured.get((index,), {})) for index, row in rows.items()}
    return Overview(
        start=start_ns / _SECOND,
        end=end_ns / _SECOND,
        step=step / _SECOND,
        totals=figures(sums(store, calls, {})[0], together(measured.values())),
        buckets=tuple(
            Bucket(start=index * step / _SECOND, figures=found.get(index, NOTHING))
            for index in steps(start_ns, end_ns, step)
        ),
        models=_models(store, start_ns, end_ns, filters),
    )


def _models(store: Store, start_ns: int, end_ns: int, filters: Filters) -> tuple[Model, ...]:
    dimensions = ("provider", "request_model", "response_model")
    calls = Calls(store, start_ns=start_ns, end_ns=end_ns, filters=filters, dimensions=dimensions)
    model = "coalesce(request_model, response_model)"
    keys = {"its_provider": "provider", "its_model": model}
    rows = sums(store, calls, keys, order="ORDER BY all_attempts DESC, its_provider, its_model\nLIMIT 50")
    named = {"among": [str(row["its_model"]) for row in rows]}
    measured = bins(store, calls, keys, named, where=among(model))
    return tuple(
        Model(
            provider=text(row["its_provider"]),
            model=text(row["its_model"]),
            figures=figures(row, measured.get((row["its_provider"], row["its_model"]), {})),
        )
        for row in rows
    )
