"""Records as the server keeps them, with little to say: what a test does not name is the same everywhere."""

import hashlib
from decimal import Decimal

from spanglass.call import Cost, CostState, Usage
from spanglass.server.record import (
    Attributes,
    Batch,
    Call,
    Event,
    Facts,
    Link,
    LogRecord,
    MetricPoint,
    Resource,
    Scope,
    Span,
    SpanKind,
    Status,
    StoredSpan,
    Work,
)

T0 = 1_760_000_000_000_000_000
"""When the records start, Unix nanoseconds; a multiple of every step up to 20 s."""
SECOND = 1_000_000_000
SCOPE = Scope("spanglass", "0.1")


def resource(service: str | None = "shop", environment: str | None = "production") -> Resource:
    """Return who sent it."""
    return Resource(service, environment, {"service.name": service, "process.pid": 7})


def span_id(number: int) -> str:
    """Return a span id."""
    return f"{number:016x}"


def trace_id(number: int) -> str:
    """Return a trace id, spread over all of its digits."""
    return hashlib.blake2b(b"%d" % number, digest_size=16).hexdigest()


def span(
    trace: int = 1,
    number: int = 1,
    parent: int | None = None,
    *,
    at: float = 0.0,
    lasts: float = 1.0,
    name: str = "work",
    status: Status = Status.UNSET,
    attributes: Attributes | None = None,
    sender: Resource | None = None,
    facts: Facts | None = None,
    cost: Cost | None = None,
    events: tuple[Event, ...] = (),
    links: tuple[Link, ...] = (),
) -> StoredSpan:
    """Return a span; `at` and `lasts` in seconds, from T0."""
    start_ns = T0 + round(at * SECOND)
    return StoredSpan(
        Span(
            trace_id=trace_id(trace),
            span_id=span_id(number),
            parent_span_id=None if parent is None else span_id(parent),
            name=name,
            kind=SpanKind.INTERNAL,
            start_ns=start_ns,
            end_ns=start_ns + round(lasts * SECOND),
            status=status,
            status_message="it broke" if status is Status.ERROR else None,
            trace_state=None,
            attributes=attributes or {},
            events=events,
            links=links,
            resource=sender or resource(),
            scope=SCOPE,
        ),
        facts or Facts(),
        cost,
    )


def computed(amount: str) -> Cost:
    """Return a computed cost."""
    return Cost(CostState.COMPUTED, Decimal(amount), "local", "openai/gpt", "2026-11-01")


UNPRICED = Cost(CostState.UNPRICED)


def call(
    trace: int = 1,
    number: int = 1,
    parent: int | None = None,
    *,
    at: float = 0.0,
    lasts: float = 1.0,
    model: str | None = "gpt",
    usage: Usage | None = None,
    cost: Cost | None = UNPRICED,
    status: Status = Status.UNSET,
    resend: int | None = None,
    first_token: float | None = None,
    user: str | None = None,
    sender: Resource | None = None,
    attributes: Attributes | None = None,
) -> StoredSpan:
    """Return a span that is one call to a model."""
    facts = Facts(
        work=Work.LLM,
        user_id=user,
        call=Call(
            operation="chat",
            provider="openai",
            request_model=model,
            response_model=model if status is not Status.ERROR else None,
            usage=usage,
            stream=first_token is not None,
            first_token_ns=None if first_token is None else round(first_token * SECOND),
            resend_count=resend,
        ),
    )
    return span(
        trace,
        number,
        parent,
        at=at,
        lasts=lasts,
        name=f"chat {model}",
        status=status,
        facts=facts,
        cost=cost,
        sender=sender,
        attributes=attributes,
    )


def log(at: float = 0.0, body: str = "said", trace: int | None = None) -> LogRecord:
    """Return a log record."""
    return LogRecord(
        time_ns=T0 + round(at * SECOND),
        severity=9,
        severity_text="INFO",
        event_name=None,
        body=body,
        trace_id=None if trace is None else trace_id(trace),
        span_id=None,
        attributes={},
        resource=resource(),
        scope=SCOPE,
    )


def point(at: float = 0.0, value: float | None = 1) -> MetricPoint:
    """Return a metric point."""
    return MetricPoint(
        name="requests",
        unit="{request}",
        kind="sum",
        temporality="delta",
        monotonic=True,
        start_ns=None,
        time_ns=T0 + round(at * SECOND),
        value=value,
        count=None,
        total=None,
        details={},
        attributes={"route": "/"},
        resource=resource(),
        scope=SCOPE,
    )


def batch(
    *spans: StoredSpan, tag: str = "", logs: tuple[LogRecord, ...] = (), points: tuple[MetricPoint, ...] = ()
) -> Batch:
    """Return a batch whose digest is that of its ids and tag."""
    said = repr([(s.span.trace_id, s.span.span_id, s.span.start_ns) for s in spans] + [len(logs), len(points)]) + tag
    return Batch(hashlib.blake2b(said.encode(), digest_size=16).digest(), T0, spans, logs, points)
