"""Which traces are there: newest first, filtered, paged by cursor, each with tokens, cost and its state."""

from __future__ import annotations

import msgspec

from spanglass.server.query.figures import Money, Tokens


class TraceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One trace in the list.

    Attributes:
        trace_id: 32 hex digits.
        name: Of its root span, else of its earliest span.
        service: Of that span.
        environment: Of that span.
        services: All services in it, sorted.
        start: Unix seconds.
        duration: Seconds, earliest start to latest end.
        spans: How many spans.
        calls: How many model calls (attempts less retries).
        retries: How many retried attempts.
        errors: How many spans with status error.
        status: error when its root failed or, without a root, any span did; else ok.
        models: Models that answered, sorted.
        tokens: Summed over model calls.
        cost: Summed over model calls.
        first_token: Earliest first content of its streams, seconds from that stream's request.
        user_id: The first known.
        session_id: The first known.
        feature: The first known.
    """

    trace_id: str
    name: str
    service: str | None
    environment: str | None
    services: tuple[str, ...]
    start: float
    duration: float
    spans: int
    calls: int
    retries: int
    errors: int
    status: str
    models: tuple[str, ...]
    tokens: Tokens
    cost: Money
    first_token: float | None
    user_id: str | None
    session_id: str | None
    feature: str | None


class Traces(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: one page, and the cursor of the next or None."""

    traces: tuple[TraceRow, ...]
    next_cursor: str | None
