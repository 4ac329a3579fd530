"""What happened in this trace: every span with its attributes, usage and cost, and where the time went."""

from __future__ import annotations

import msgspec

from spanglass.server.query.figures import Money, Spend, Tokens


class CallView(msgspec.Struct, frozen=True, kw_only=True):
    """What a span that is one model call says.

    Attributes:
        operation: chat, embeddings, ...
        provider: Who answered.
        request_model: The model asked for.
        response_model: The model that answered.
        response_id: The provider's id.
        tokens: Inclusive totals and their parts.
        usage_estimated: A count was estimated.
        finish_reasons: In order.
        stream: Streamed, or None when not said.
        first_chunk: Seconds from the request to the first event.
        first_token: Seconds from the request to the first content.
        resend_count: Which retry this attempt is; 0 on the first.
        incomplete: The answer ended before its terminal event.
    """

    operation: str
    provider: str | None
    request_model: str | None
    response_model: str | None
    response_id: str | None
    tokens: Tokens
    usage_estimated: bool
    finish_reasons: tuple[str, ...]
    stream: bool | None
    first_chunk: float | None
    first_token: float | None
    resend_count: int
    incomplete: bool


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """A span event; `offset` in seconds from the start of the trace."""

    name: str
    offset: float
    attributes: dict[str, object]


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """A span link."""

    trace_id: str
    span_id: str
    attributes: dict[str, object]


class SpanView(msgspec.Struct, frozen=True, kw_only=True):
    """One span.

    Attributes:
        span_id: 16 hex digits.
        parent_span_id: 16 hex digits; may name a span that is not (yet) here.
        name: Its name.
        service: Its service.
        kind: internal, client, server, producer, consumer or unspecified.
        work: llm, tool, agent, retrieval, db, queue, http, waiting or other.
        offset: Seconds from the start of the trace.
        duration: Seconds.
        status: unset, ok or error.
        status_message: What the status says.
        error_type: The error's type.
        scope: Name of the instrumentation.
        user_id: The user.
        session_id: The session.
        feature: The feature.
        prompt_name: The prompt template.
        prompt_version: Its version.
        call: Set where the span is one model call.
        cost: Set where the span is one model call.
        attributes: As sent.
        resource: Resource attributes, as sent.
        events: As sent, in order of time.
        links: As sent.
    """

    span_id: str
    parent_span_id: str | None
    name: str
    service: str | None
    kind: str
    work: str
    offset: float
    duration: float
    status: str
    status_message: str | None
    error_type: str | None
    scope: str | None
    user_id: str | None
    session_id: str | None
    feature: str | None
    prompt_name: str | None
    prompt_version: str | None
    call: CallView | None
    cost: Spend | None
    attributes: dict[str, object]
    resource: dict[str, object]
    events: tuple[EventView, ...]
    links: tuple[LinkView, ...]


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of the trace spent on one kind of work; the shares of a trace sum to its duration."""

    work: str
    seconds: float


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    Attributes:
        trace_id: 32 hex digits.
        start: Unix seconds.
        duration: Seconds.
        spans: Parents before children, siblings by start.
        calls: Model calls (attempts less retries).
        tokens: Summed over model calls.
        cost: Summed over model calls.
        where: Where the time went: each instant counts for the deepest span that covers it, gaps as `other`.
    """

    trace_id: str
    start: float
    duration: float
    spans: tuple[SpanView, ...]
    calls: int
    tokens: Tokens
    cost: Money
    where: tuple[Share, ...]
