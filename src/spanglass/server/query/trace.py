"""What happened in this trace: every span with its attributes, usage and cost, and where the time went."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Annotated, Final

import msgspec

from spanglass.errors import NotFound, QueryError
from spanglass.server.query.figures import Money, Spend, Tokens, count, money, seconds, spend, text, tokens
from spanglass.server.query.said import ContentView, content_view
from spanglass.server.query.statement import statement
from spanglass.server.query.timeline import Interval, time_by_work, tree_order
from spanglass.server.query.trace_scores import ScoreView, trace_scores
from spanglass.server.store.protocol import Cell, Parameter, Row, Store
from spanglass.server.store.rows import trace_key

_SECOND: Final = 1_000_000_000
_TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")
DEFAULT_SPANS: Final = 2_000
MOST_PAGE: Final = 5_000
MOST_SPANS: Final = 100_000
"""Of a trace; the tree of so many takes some 60 MB while it is made."""
_PAGE_BYTES: Final = 8 * 1024 * 1024
_ANY_OBJECT: Final = {"type": "object", "additionalProperties": {"description": "Any JSON value."}}
JsonObject = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema=_ANY_OBJECT)]
"""An object as JSON text, passed on as it is stored."""


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


class _Event(msgspec.Struct):
    """A span event as the store keeps it."""

    name: str
    time_ns: int
    attributes: dict[str, object]


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
        agent_name: The agent that worked, or that the span is the work of.
        tool_name: The tool that ran.
        tags: Free words the application gave it.
        error_message: What went wrong, in its first line.
        error_group: What errors of one cause share; see `/api/v1/errors`.
        content: What was said, whoever recorded it; None where nothing was, or where it has gone.
        call: Set where the span is one model call.
        cost: Set where the span is one model call that used something.
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
    agent_name: str | None
    tool_name: str | None
    tags: tuple[str, ...]
    error_message: str | None
    error_group: str | None
    content: ContentView | None
    call: CallView | None
    cost: Spend | None
    attributes: JsonObject
    resource: JsonObject
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
        spans: A page of the spans: parents before children, siblings by start.
        total: Spans of the trace.
        next_offset: Where the next page of spans begins; None on the last.
        calls: Model calls (attempts less retries).
        tokens: Summed over model calls.
        cost: Summed over model calls.
        where: Where the time went: each instant counts for the deepest span that covers it, gaps as `other`.
        scores: How its answers were judged, in order of time; the first 1,000.
    """

    trace_id: str
    start: float
    duration: float
    spans: tuple[SpanView, ...]
    total: int
    next_offset: int | None
    calls: int
    tokens: Tokens
    cost: Money
    where: tuple[Share, ...]
    scores: tuple[ScoreView, ...]


_events = msgspec.json.Decoder(list[_Event]).decode
_links = msgspec.json.Decoder(list[LinkView]).decode
_strings = msgspec.json.Decoder(tuple[str, ...]).decode


def trace(store: Store, trace_id: str, *, offset: int = 0, limit: int = DEFAULT_SPANS) -> Trace:
    """Return a trace with a page of its spans; sums, duration and where the time went are of the whole.

    A span whose parent is not here stands as a root; so does the earliest of a cycle. The page has at most `limit`
    spans whose texts take at most 8 MiB, and at least one. The tree is that of the first 100,000 spans.

    Args:
        store: Where to look.
        trace_id: 32 hex digits, in any case.
        offset: Spans to skip, in the order of the answer.
        limit: Most spans in the answer.

    Raises:
        NotFound: No span of it is stored.
        QueryError: That is no trace id, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    asked = trace_id.lower()
    if not _TRACE_ID.fullmatch(asked):
        raise QueryError(f"{trace_id[:64]!r} is no trace id; one has 32 hex digits.")
    which: dict[str, Parameter] = {"trace_key": trace_key(asked), "trace_id": asked}
    sums = next(iter(store.select(statement("trace_sums", sums=statement("sums")), which)), None)
    if sums is None or not sums["spans"]:
        raise NotFound(
            f"There is no trace {asked}: it was never received, or its spans are still on the way; "
            "batches usually arrive within 5 seconds of a span's end."
        )
    shape = store.select(statement("trace_shape"), {**which, "most": MOST_SPANS})
    intervals = [_interval(row) for row in shape]
    order = tree_order(intervals)
    page = _page([(intervals[place], count(shape[place]["size"])) for place, _ in order[offset : offset + limit]])
    start_ns, end = count(sums["first_ns"]), offset + len(page)
    return Trace(
        trace_id=asked,
        start=start_ns / _SECOND,
        duration=(count(sums["last_ns"]) - start_ns) / _SECOND,
        spans=_spans(store, which, page, start_ns),
        total=count(sums["spans"]),
        next_offset=end if end < len(order) else None,
        calls=count(sums["calls"]),
        tokens=tokens(sums),
        cost=money(sums),
        where=tuple(
            Share(work=work, seconds=spent_ns / _SECOND)
            for work, spent_ns in time_by_work(intervals, dict(order)).items()
        ),
        scores=trace_scores(store, {**which, "first_ns": start_ns, "last_ns": count(sums["last_ns"])}),
    )


def _page(spans: Sequence[tuple[Interval, int]]) -> list[Interval]:
    """Return the first spans whose texts fit, and at least one."""
    page: list[Interval] = []
    taken = 0
    for interval, size in spans:
        taken += size
        if page and taken > _PAGE_BYTES:
            break
        page.append(interval)
    return page


def _spans(
    store: Store, which: Mapping[str, Parameter], page: Sequence[Interval], start_ns: int
) -> tuple[SpanView, ...]:
    if not page:
        return ()
    parameters: dict[str, Parameter] = {
        **which,
        "first_ns": min(interval.start_ns for interval in page),
        "last_ns": max(interval.start_ns for interval in page),
        "span_ids": [interval.span_id for interval in page],
    }
    # A producer may use an id twice; the start tells such spans apart.
    rows = {(row["span_id"], row["start_ns"]): row for row in store.select(statement("trace"), parameters)}
    found = [rows.get((interval.span_id, interval.start_ns)) for interval in page]
    return tuple(_span(row, start_ns) for row in found if row is not None)


def _interval(row: Row) -> Interval:
    return Interval(
        span_id=str(row["span_id"]),
        parent_span_id=text(row["parent_span_id"]),
        start_ns=count(row["start_ns"]),
        end_ns=count(row["end_ns"]),
        work=str(row["work"]),
    )


def _span(row: Row, start_ns: int) -> SpanView:
    is_call = row["operation"] is not None
    return SpanView(
        span_id=str(row["span_id"]),
        parent_span_id=text(row["parent_span_id"]),
        name=str(row["name"]),
        service=text(row["service"]),
        kind=str(row["kind"]),
        work=str(row["work"]),
        offset=(count(row["start_ns"]) - start_ns) / _SECOND,
        duration=(count(row["end_ns"]) - count(row["start_ns"])) / _SECOND,
        status=str(row["status"]),
        status_message=text(row["status_message"]),
        error_type=text(row["error_type"]),
        scope=text(row["scope_name"]),
        user_id=text(row["user_id"]),
        session_id=text(row["session_id"]),
        feature=text(row["feature"]),
        prompt_name=text(row["prompt_name"]),
        prompt_version=text(row["prompt_version"]),
        agent_name=text(row["agent_name"]),
        tool_name=text(row["tool_name"]),
        tags=_strings(row["tags"]) if isinstance(row["tags"], str) else (),
        error_message=text(row["error_message"]),
        error_group=text(row["error_group"]),
        content=content_view(row),
        call=_call(row) if is_call else None,
        cost=spend(row),
        attributes=_together(str(row["attributes"]), text(row["content_attributes"])),
        resource=msgspec.Raw(str(row["resource"]).encode()),
        events=_event_views((row["events"], row["content_events"]), start_ns),
        links=tuple(_links(row["links"])) if isinstance(row["links"], str) else (),
    )


def _call(row: Row) -> CallView:
    return CallView(
        operation=str(row["operation"]),
        provider=text(row["provider"]),
        request_model=text(row["request_model"]),
        response_model=text(row["response_model"]),
        response_id=text(row["response_id"]),
        tokens=tokens(row, prefix="", suffix="_tokens"),
        usage_estimated=bool(row["usage_estimated"]),
        finish_reasons=_strings(row["finish_reasons"]) if isinstance(row["finish_reasons"], str) else (),
        stream=row["stream"] if isinstance(row["stream"], bool) else None,
        first_chunk=seconds(row["first_chunk_ns"]),
        first_token=seconds(row["first_token_ns"]),
        resend_count=count(row["resend_count"]),
        incomplete=bool(row["incomplete"]),
    )


def _together(attributes: str, content: str | None) -> msgspec.Raw:
    """Return two JSON objects that share no name as one."""
    if content is None:
        return msgspec.Raw(attributes.encode())
    return msgspec.Raw((content if attributes == "{}" else f"{attributes[:-1]},{content[1:]}").encode())


def _event_views(cells: Sequence[Cell], start_ns: int) -> tuple[EventView, ...]:
    found = [event for cell in cells if isinstance(cell, str) for event in _events(cell)]
    return tuple(
        EventView(name=event.name, offset=(event.time_ns - start_ns) / _SECOND, attributes=event.attributes)
        for event in sorted(found, key=attrgetter("time_ns"))
    )
