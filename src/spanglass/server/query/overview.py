"""How are the model calls doing: calls, errors, tokens, cost and latency; in total, over time, by model."""

from __future__ import annotations

import msgspec

from spanglass.server.query.figures import Money, Percentiles, Tokens


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
    """The figures of one model, by provider and response model (else the model asked for)."""

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
        buckets: Over time, in order.
        models: Most calls first, at most 50.
    """

    start: float
    end: float
    step: float
    totals: Figures
    buckets: tuple[Bucket, ...]
    models: tuple[Model, ...]
