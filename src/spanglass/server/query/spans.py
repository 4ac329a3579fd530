"""What was received of some traces: their spans whole, in order of start, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

import msgspec

from spanglass.server.query.figures import count, decimal, text
from spanglass.server.query.statement import in_list, statement
from spanglass.server.store.protocol import Cell, Parameter, Row, Store
from spanglass.server.store.rows import trace_key

_PAGE_SPANS: Final = 1_000
_PAGE_BYTES: Final = 4 * 1024 * 1024
_AROUND_NS: Final = 60_000_000_000
"""A log record belongs to a trace also a little before its first span and after its last."""
MOST_LOGS: Final = 1_000
_LONGEST_LOG: Final = 8 * 1024
_SAID_SIZE: Final = "+ coalesce(said.size, 0)"
_SAID_COLUMNS: Final = "said.attributes AS content_attributes, said.events AS content_events"
_NOT_SAID: Final = "NULL AS content_attributes, NULL AS content_events"


class Place(NamedTuple):
    """Where one span is: what finds it, how long its texts are (characters), and when it ends."""

    trace_id: str
    span_id: str
    start_ns: int
    end_ns: int
    size: int


class Outline(NamedTuple):
    """Which spans a trace has.

    Attributes:
        trace_id: 32 hex digits.
        total: How many spans it has.
        places: The first of them, in order of start; never empty.
    """

    trace_id: str
    total: int
    places: Sequence[Place]


class EventWhole(msgspec.Struct, frozen=True):
    """A span event; `time_ns` in Unix nanoseconds."""

    name: str
    time_ns: int
    attributes: dict[str, object]


class LinkWhole(msgspec.Struct, frozen=True):
    """A span link."""

    trace_id: str
    span_id: str
    attributes: dict[str, object]


class SpanWhole(NamedTuple):
    """A span as received; times in Unix nanoseconds.

    Attributes:
        trace_id: 32 hex digits.
        span_id: 16 hex digits.
        parent_span_id: 16 hex digits; None for a root.
        name: Its name.
        kind: internal, client, server, producer, consumer or unspecified.
        start_ns: Start.
        end_ns: End.
        status: unset, ok or error.
        status_message: What the status says.
        trace_state: W3C tracestate.
        service: Its service.
        scope_name: The instrumentation.
        scope_version: Its version.
        cost_state: How its cost is known; None where it is no call that used something.
        cost: USD; None where unknown.
        attributes: As sent.
        resource: Resource attributes as JSON text, which many spans share.
        events: In order of time.
        links: As sent.
    """

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    kind: str
    start_ns: int
    end_ns: int
    status: str
    status_message: str | None
    trace_state: str | None
    service: str | None
    scope_name: str | None
    scope_version: str | None
    cost_state: str | None
    cost: Decimal | None
    attributes: Mapping[str, object]
    resource: str
    events: Sequence[EventWhole]
    links: Sequence[LinkWhole]


class LogWhole(NamedTuple):
    """A log record of a trace.

    Attributes:
        span_id: The span it belongs to; None where it says none.
        time_ns: Unix nanoseconds.
        severity: Severity number, 0 to 24.
        severity_text: Severity as sent.
        event_name: Event name; None for a plain log.
        body: The body as JSON text, at most 8 KiB of it; None where it has none.
        attributes: As sent; none where they are longer than 8 KiB.
    """

    span_id: str | None
    time_ns: int
    severity: int
    severity_text: str | None
    event_name: str | None
    body: str | None
    attributes: Mapping[str, object]


_object = msgspec.json.Decoder(dict[str, object]).decode
_events = msgspec.json.Decoder(list[EventWhole]).decode
_links = msgspec.json.Decoder(list[LinkWhole]).decode


def outlines(store: Store, trace_ids: Sequence[str], *, most: int, content: bool) -> list[Outline]:
    """Return which spans traces have, in the order of the ids; those that are not stored are left out.

    Args:
        store: Where to look.
        trace_ids: 32 lower-case hex digits each.
        most: Most spans of a trace.
        content: Whether sizes count the content that is kept apart.

    Raises:
        QueryError: The question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    if not trace_ids:
        return []
    keys = [trace_key(trace_id) for trace_id in trace_ids]
    rows = _outline_rows(store, keys, most=most, content=content, trace_ids=trace_ids)
    found = {outline.trace_id: outline for outline in _outlined(rows)}
    return [found[trace_id] for trace_id in dict.fromkeys(trace_ids) if trace_id in found]


def outlines_by_key(store: Store, keys: Sequence[int], *, most: int) -> list[Outline]:
    """Return which spans the traces of some keys have, in the order of the keys; as `outlines`, without content."""
    if not keys:
        return []
    order = {key: place for place, key in enumerate(keys)}
    found = _outlined(_outline_rows(store, keys, most=most, content=False, trace_ids=None))
    return sorted(found, key=lambda outline: order[trace_key(outline.trace_id)])


def whole(store: Store, places: Sequence[Place], *, content: bool) -> Iterator[list[SpanWhole]]:
    """Yield spans in the order of their places, a page of some MB of one trace at a time.

    Args:
        store: Where to look.
        places: Of one or more traces, those of a trace together.
        content: Whether to read the content that is kept apart.

    Raises:
        QueryError: The question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    for page in _pages(places):
        found = _read(store, page, content=content)
        spans = [found[place[:3]] for place in page if place[:3] in found]
        for _, of_trace in groupby(spans, attrgetter("trace_id")):
            yield list(of_trace)


def logs(store: Store, outline: Outline) -> list[LogWhole]:
    """Return the first log records of a trace, in order of time, at most 1,000.

    Raises:
        QueryError: The question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    rows = store.select(
        statement("spans_logs"),
        {
            "trace_id": outline.trace_id,
            "first_ns": outline.places[0].start_ns - _AROUND_NS,
            "last_ns": max(place.end_ns for place in outline.places) + _AROUND_NS,
            "longest": _LONGEST_LOG,
            "limit": MOST_LOGS,
        },
    )
    return [
        LogWhole(
            span_id=text(row["span_id"]),
            time_ns=count(row["time_ns"]),
            severity=count(row["severity"]),
            severity_text=text(row["severity_text"]),
            event_name=text(row["event_name"]),
            body=text(row["body_start"]),
            attributes=_object(row["short_attributes"]) if isinstance(row["short_attributes"], str) else {},
        )
        for row in rows
    ]


def _outline_rows(
    store: Store, keys: Sequence[int], *, most: int, content: bool, trace_ids: Sequence[str] | None
) -> Sequence[Row]:
    names, named = in_list(keys, "key")
    asked: dict[str, Parameter] = {**named, "most": most}
    ids = ""
    if trace_ids is not None:
        ids, asked["trace_ids"] = "AND trace_id IN (SELECT sg_each($trace_ids))", list(trace_ids)
    said = statement("spans_outline_said", keys=names, ids=ids) if content else ""
    sql = statement("spans_outline", keys=names, ids=ids, said=said, said_size=_SAID_SIZE if content else "")
    return store.select(sql, asked)


def _outlined(rows: Sequence[Row]) -> list[Outline]:
    found = []
    for trace_id, of_trace in groupby(rows, lambda row: str(row["trace_id"])):
        listed = list(of_trace)
        places = [
            Place(trace_id, str(row["span_id"]), count(row["start_ns"]), count(row["end_ns"]), count(row["size"]))
            for row in listed
        ]
        found.append(Outline(trace_id, count(listed[0]["total"]), places))
    return found


def _pages(places: Sequence[Place]) -> Iterator[list[Place]]:
    page: list[Place] = []
    taken = 0
    for place in places:
        if page and (len(page) == _PAGE_SPANS or taken + place.size > _PAGE_BYTES):
            yield page
            page, taken = [], 0
        page.append(place)
        taken += place.size
    if page:
        yield page


def _read(store: Store, page: Sequence[Place], *, content: bool) -> dict[tuple[str, str, int], SpanWhole]:
    """Return the spans of a page by trace, id and start: a producer may use an id twice."""
    names, named = in_list([trace_key(trace_id) for trace_id in dict.fromkeys(place.trace_id for place in page)], "key")
    asked: Mapping[str, Parameter] = {
        **named,
        "first_ns": min(place.start_ns for place in page),
        "last_ns": max(place.start_ns for place in page),
        "span_ids": [place.span_id for place in page],
    }
    said = statement("spans_whole_said", keys=names) if content else ""
    columns = _SAID_COLUMNS if content else _NOT_SAID
    rows = store.select(statement("spans_whole", keys=names, said=said, said_columns=columns), asked)
    return {(str(row["trace_id"]), str(row["span_id"]), count(row["start_ns"])): _span(row) for row in rows}


def _span(row: Row) -> SpanWhole:
    attributes = _object(str(row["attributes"]))
    if isinstance(row["content_attributes"], str):
        attributes |= _object(row["content_attributes"])
    return SpanWhole(
        trace_id=str(row["trace_id"]),
        span_id=str(row["span_id"]),
        parent_span_id=text(row["parent_span_id"]),
        name=str(row["name"]),
        kind=str(row["kind"]),
        start_ns=count(row["start_ns"]),
        end_ns=count(row["end_ns"]),
        status=str(row["status"]),
        status_message=text(row["status_message"]),
        trace_state=text(row["trace_state"]),
        service=text(row["service"]),
        scope_name=text(row["scope_name"]),
        scope_version=text(row["scope_version"]),
        cost_state=text(row["cost_state"]),
        cost=decimal(row["cost_amount"]),
        attributes=attributes,
        resource=str(row["resource"]),
        events=_in_order(row["events"], row["content_events"]),
        links=_links(row["links"]) if isinstance(row["links"], str) else (),
    )


def _in_order(*cells: Cell) -> list[EventWhole]:
    found = [event for cell in cells if isinstance(cell, str) for event in _events(cell)]
    return sorted(found, key=attrgetter("time_ns"))
