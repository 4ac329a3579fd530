"""How are the model calls doing: calls, errors, tokens, cost and latency; in total, over time, by model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from spanglass.errors import QueryError
from spanglass.server.query.figures import Money, Percentiles, Tokens, count, money, percentiles, text, tokens, whole
from spanglass.server.query.filters import ANY, Conditions, Filters
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Parameter, Row, Store

MAX_BUCKETS: Final = 2_000
_GOOD_BUCKETS: Final = 60
_STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400)
_SECOND: Final = 1_000_000_000


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a set of model calls.

    Attributes:
        attempts: HTTP attempts (spans).
        calls: Attempts less retries.
        retries: Attempts that repeat a failed one.
        errors: Calls that failed for good: failed attempts less retries, never below 0.
        tokens: Sums.
        cost: Sum, with its states.
        duration: Of attempts.
        first_token: Request to first content, of streams.
    """

    attempts: int
    calls: int
    retries: int
    errors: int
    tokens: Tokens
    cost: Money
    duration: Percentiles
    first_token: Percentiles


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
    conditions = Conditions(filters)
    asked: Mapping[str, Parameter] = {"start_ns": start_ns, "end_ns": end_ns, **conditions.parameters}
    where = conditions.each_span()
    totals = store.select(statement("overview", filters=where), asked)
    steps = store.select(
        statement("overview", keys="sg_time_step(start_ns, $step_ns) AS step,", filters=where, group="GROUP BY step"),
        {**asked, "step_ns": step},
    )
    models = store.select(
        statement(
            "overview",
            keys="provider, coalesce(request_model, response_model) AS model,",
            filters=where,
            group="GROUP BY provider, model\nORDER BY attempts DESC, provider, model\nLIMIT 50",
        ),
        asked,
    )
    return Overview(
        start=start_ns / _SECOND,
        end=end_ns / _SECOND,
        step=step / _SECOND,
        totals=_figures(totals[0]),
        buckets=_buckets(steps, start_ns, end_ns, step),
        models=tuple(
            Model(provider=text(row["provider"]), model=text(row["model"]), figures=_figures(row)) for row in models
        ),
    )


def good_step(start_ns: int, end_ns: int) -> int:
    """Return a step that people know, in ns, of which at most 60 cover the range."""
    for step_s in _STEPS_S:
        if (end_ns - start_ns) <= step_s * _SECOND * _GOOD_BUCKETS:
            return step_s * _SECOND
    days = -(-(end_ns - start_ns) // (86_400 * _SECOND * _GOOD_BUCKETS))
    return days * 86_400 * _SECOND


def _buckets(rows: Sequence[Row], start_ns: int, end_ns: int, step: int) -> tuple[Bucket, ...]:
    found = {whole(row["step"]): _figures(row) for row in rows}
    indexes = range(start_ns // step, (end_ns - 1) // step + 1)
    return tuple(Bucket(start=index * step / _SECOND, figures=found.get(index, _NOTHING)) for index in indexes)


def _figures(row: Row) -> Figures:
    attempts, retries = count(row["attempts"]), count(row["retries"])
    return Figures(
        attempts=attempts,
        calls=attempts - retries,
        retries=retries,
        errors=max(0, count(row["failed"]) - retries),
        tokens=tokens(row),
        cost=money(row),
        duration=percentiles(row["duration"]),
        first_token=percentiles(row["first_token"]),
    )


_NOTHING: Final = Figures(
    attempts=0,
    calls=0,
    retries=0,
    errors=0,
    tokens=Tokens(),
    cost=Money(amount=None),
    duration=Percentiles(),
    first_token=Percentiles(),
)
