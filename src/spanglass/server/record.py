"""What the server keeps: frozen records of spans, logs and metric points, as received and as understood.

Ids are lower-case hex, validated by the receiver. Times are Unix nanoseconds. Unknown is None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

import msgspec

from spanglass.call import Cost, Usage

Value: TypeAlias = "str | bool | int | float | bytes | Sequence[Value] | Mapping[str, Value] | None"
"""What an OTLP AnyValue can hold."""

Attributes: TypeAlias = Mapping[str, Value]


class _Record(msgspec.Struct, frozen=True, gc=False):
    """A frozen value, made in 0.1 us where a frozen dataclass takes 1.5 us, and holding no cycle for the collector."""


class SpanKind(StrEnum):
    """OTLP span kind."""

    UNSPECIFIED = "unspecified"
    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"
    CONSUMER = "consumer"


class Status(StrEnum):
    """OTLP span status."""

    UNSET = "unset"
    OK = "ok"
    ERROR = "error"


class Work(StrEnum):
    """What a span spends its time on; every part of the UI colours and sums by this."""

    LLM = "llm"
    TOOL = "tool"
    AGENT = "agent"
    RETRIEVAL = "retrieval"
    DATABASE = "db"
    QUEUE = "queue"
    HTTP = "http"
    WAITING = "waiting"
    OTHER = "other"


class Signal(StrEnum):
    """OTLP signal."""

    TRACES = "traces"
    METRICS = "metrics"
    LOGS = "logs"


class Resource(_Record, frozen=True):
    """Who sent it.

    Attributes:
        service: `service.name`; None when absent or the SDK's `unknown_service` placeholder is all there is.
        environment: `deployment.environment.name`, or its older name.
        attributes: All resource attributes.
    """

    service: str | None
    environment: str | None
    attributes: Attributes


class Scope(_Record, frozen=True):
    """The instrumentation scope."""

    name: str | None
    version: str | None


class Event(_Record, frozen=True):
    """A span event."""

    name: str
    time_ns: int
    attributes: Attributes


class Link(_Record, frozen=True):
    """A span link."""

    trace_id: str
    span_id: str
    attributes: Attributes


class Span(_Record, frozen=True):
    """A span as received.

    Attributes:
        trace_id: 32 hex digits.
        span_id: 16 hex digits.
        parent_span_id: 16 hex digits, or None for a root.
        name: The span's name.
        kind: Its kind.
        start_ns: Start.
        end_ns: End; never before the start.
        status: Its status.
        status_message: What the status says; None when it says nothing.
        trace_state: W3C tracestate; None when empty.
        attributes: Attributes as sent.
        events: Events as sent.
        links: Links as sent.
        resource: Who sent it.
        scope: The instrumentation that made it.
    """

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    kind: SpanKind
    start_ns: int
    end_ns: int
    status: Status
    status_message: str | None
    trace_state: str | None
    attributes: Attributes
    events: tuple[Event, ...]
    links: tuple[Link, ...]
    resource: Resource
    scope: Scope


class Call(_Record, frozen=True):
    """What normalising read from a span that is one call to a model; one billable unit.

    Attributes:
        operation: `gen_ai.operation.name`.
        provider: `gen_ai.provider.name`.
        request_model: The model asked for.
        response_model: The model that answered.
        response_id: The provider's response id.
        usage: Tokens, inclusive totals.
        finish_reasons: In order.
        service_tier: The tier that served the call.
        stream: True where streamed; None when not said.
        first_chunk_ns: Request to first event, ns.
        first_token_ns: Request to first content, ns.
        resend_count: Which retry this attempt is; None or 0 on the first.
        incomplete: The answer ended before its terminal event.
        reported_cost: What the provider said it cost, in USD.
        producer_cost: What the producer of the span computed.
    """

    operation: str
    provider: str | None = None
    request_model: str | None = None
    response_model: str | None = None
    response_id: str | None = None
    usage: Usage | None = None
    finish_reasons: tuple[str, ...] = ()
    service_tier: str | None = None
    stream: bool | None = None
    first_chunk_ns: int | None = None
    first_token_ns: int | None = None
    resend_count: int | None = None
    incomplete: bool = False
    reported_cost: Decimal | None = None
    producer_cost: Cost | None = None


class Facts(_Record, frozen=True):
    """What normalising read from any span.

    Attributes:
        work: What its time is spent on.
        call: Set where, and only where, the span is one call to a model.
        error_type: `error.type`, or the exception's type.
        user_id: The user.
        session_id: The session or conversation.
        feature: The application's feature.
        prompt_name: The prompt template.
        prompt_version: Its version.
        agent_name: The agent that worked, or that the span is the work of.
        tool_name: The tool that ran.
        tags: Free words the application gave it.
        error_message: What went wrong, in its first line, at most 500 characters; None where nothing did.
        error_group: 16 hex digits that errors of one cause share; None where nothing went wrong.
    """

    work: Work = Work.OTHER
    call: Call | None = None
    error_type: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    feature: str | None = None
    prompt_name: str | None = None
    prompt_version: str | None = None
    agent_name: str | None = None
    tool_name: str | None = None
    tags: tuple[str, ...] = ()
    error_message: str | None = None
    error_group: str | None = None


class StoredSpan(_Record, frozen=True):
    """A span with what was understood of it, ready to be written.

    Attributes:
        span: As received.
        facts: As normalised.
        cost: What the call cost; None where the span is not a call to a model, or one refused before it used anything.
    """

    span: Span
    facts: Facts
    cost: Cost | None = None


class LogRecord(_Record, frozen=True):
    """A log record as received; kept in a plain table.

    Attributes:
        time_ns: When it happened, or was observed where that is all there is.
        severity: Severity number, 0 to 24; 0 is unspecified.
        severity_text: Severity as sent.
        event_name: Event name; None for a plain log.
        body: The body.
        trace_id: The trace it belongs to.
        span_id: The span it belongs to.
        attributes: As sent.
        resource: Who sent it.
        scope: The instrumentation that made it.
    """

    time_ns: int
    severity: int
    severity_text: str | None
    event_name: str | None
    body: Value
    trace_id: str | None
    span_id: str | None
    attributes: Attributes
    resource: Resource
    scope: Scope


class MetricPoint(_Record, frozen=True):
    """One data point as received; kept in a plain table.

    Attributes:
        name: Metric name.
        unit: Metric unit.
        kind: gauge, sum, histogram, exponential_histogram or summary.
        temporality: delta or cumulative; None where the kind has none.
        monotonic: For sums.
        start_ns: Start of the interval; None where not sent.
        time_ns: End of the interval.
        value: For gauges and sums; exact for integers.
        count: For histograms and summaries.
        total: Sum of the values, for histograms and summaries; None where not sent.
        details: Buckets, quantiles, extremes and exemplars, in OTLP/JSON form.
        attributes: Labels as sent.
        resource: Who sent it.
        scope: The instrumentation that made it.
    """

    name: str
    unit: str | None
    kind: str
    temporality: str | None
    monotonic: bool | None
    start_ns: int | None
    time_ns: int
    value: float | int | None
    count: int | None
    total: float | None
    details: Mapping[str, Value]
    attributes: Attributes
    resource: Resource
    scope: Scope


class Score(_Record, frozen=True):
    """One judgement of an answer: by a check, a reviewer or a user.

    Attributes:
        time_ns: When it was given.
        trace_id: The trace judged; None where it names only a response.
        span_id: The span judged; None where the trace as a whole is meant.
        response_id: The provider's id of the answer judged.
        name: What was judged, such as relevance or thumbs.
        value: The score as a number.
        label: The score as a word.
        explanation: Why.
        source: check, reviewer or user; None where it does not say.
        resource: Who sent it.
    """

    time_ns: int
    trace_id: str | None
    span_id: str | None
    response_id: str | None
    name: str
    value: float | None
    label: str | None
    explanation: str | None
    source: str | None
    resource: Resource


class Received(_Record, frozen=True):
    """One export request, decoded.

    Attributes:
        signal: Which signal it carries; the other two sequences are empty.
        digest: 16 bytes that identify the request's exact bytes, so that sending it again is recognised.
        size: Bytes of memory it takes, about; what the queue counts.
        received_ns: When it arrived.
        spans: Spans, for traces.
        logs: Records, for logs.
        points: Points, for metrics.
        rejected: Items that could not be read and are reported to the sender as a partial success.
        rejected_reason: Why, for the first of them.
    """

    signal: Signal
    digest: bytes
    size: int
    received_ns: int
    spans: Sequence[Span] = ()
    logs: Sequence[LogRecord] = ()
    points: Sequence[MetricPoint] = ()
    rejected: int = 0
    rejected_reason: str | None = None


class Batch(_Record, frozen=True):
    """One export request, ready to be written.

    Attributes:
        digest: Of the export request.
        received_ns: When it arrived.
        spans: Normalised and priced.
        logs: As received.
        points: As received.
        scores: Read from events of its spans and from its logs.
        size: Bytes of memory it takes at most, about; None where nobody counted.
    """

    digest: bytes
    received_ns: int
    spans: Sequence[StoredSpan] = ()
    logs: Sequence[LogRecord] = ()
    points: Sequence[MetricPoint] = ()
    scores: Sequence[Score] = ()
    size: int | None = None
