"""Traces in the JSON of Jaeger's query API: processes, references, typed tags, logs; times in microseconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from spanglass.server.api.jaeger.shown import attributes, service_of, warnings
from spanglass.server.query.spans import MOST_LOGS, EventWhole, LogWhole, Outline, SpanWhole, logs, whole
from spanglass.server.record import SpanKind, Status
from spanglass.server.store.protocol import Store

_MICROSECOND: Final = 1_000
_SAFE: Final = 2**53 - 1
"""The largest whole number that JavaScript holds exactly; Jaeger sends larger ones as text."""
_STRING: Final = "string"


class Tag(msgspec.Struct, frozen=True):
    """A typed pair; `type` is string, bool, int64 or float64."""

    key: str
    type: str
    value: object


class Reference(msgspec.Struct, frozen=True, rename={"kind": "refType", "trace_id": "traceID", "span_id": "spanID"}):
    """What a span follows: CHILD_OF its parent, FOLLOWS_FROM what it links to."""

    kind: str
    trace_id: str
    span_id: str


class Log(msgspec.Struct, frozen=True):
    """Something that happened within a span; Unix microseconds."""

    timestamp: int
    fields: Sequence[Tag]


class Shown(
    msgspec.Struct,
    frozen=True,
    rename={
        "trace_id": "traceID",
        "span_id": "spanID",
        "operation": "operationName",
        "start": "startTime",
        "process": "processID",
    },
):
    """A span; `start` in Unix microseconds, `duration` in microseconds."""

    trace_id: str
    span_id: str
    operation: str
    references: Sequence[Reference]
    start: int
    duration: int
    tags: Sequence[Tag]
    logs: Sequence[Log]
    process: str
    warnings: Sequence[str] | None


class Process(msgspec.Struct, frozen=True, rename={"service": "serviceName"}):
    """Who sent spans."""

    service: str
    tags: Sequence[Tag]


_object = msgspec.json.Decoder(dict[str, object]).decode
_text = msgspec.json.Decoder(str).decode
_encode = msgspec.json.Encoder().encode


def traces(store: Store, outlines: Sequence[Outline], *, content: bool) -> Iterator[bytes]:
    """Yield traces as the elements of a JSON array, part by part.

    Args:
        store: Where the spans are read, a page at a time.
        outlines: Which spans; those that have gone since are left out.
        content: Whether to show content that is kept apart, and the log records of the traces.
    """
    by_id = {outline.trace_id: outline for outline in outlines}
    places = [place for outline in outlines for place in outline.places]
    trace: _Trace | None = None
    for page in whole(store, places, content=content):
        if trace is None or trace.outline.trace_id != page[0].trace_id:
            if trace is not None:
                yield trace.end() + b","
            outline = by_id[page[0].trace_id]
            trace = _Trace(outline, logs(store, outline) if content else ())
            yield trace.begin()
        yield trace.spans(page)
    if trace is not None:
        yield trace.end()


def answer(parts: Iterator[bytes], errors: Sequence[Mapping[str, object]] = ()) -> Generator[bytes, None, None]:
    """Yield Jaeger's answer around the elements of its `data`."""
    yield b'{"data":['
    yield from parts
    yield b'],"total":0,"limit":0,"offset":0,"errors":' + _encode(list(errors) or None) + b"}"


class _Trace:
    """One trace while it is written."""

    def __init__(self, outline: Outline, records: Sequence[LogWhole]) -> None:
        self.outline = outline
        self._known = {place.span_id for place in outline.places}
        self._whole = len(outline.places) == outline.total
        self._processes: dict[tuple[str, str], str] = {}
        self._written = False
        self._cut_logs = len(records) == MOST_LOGS
        self._logs: dict[str, list[Log]] = defaultdict(list)
        first = outline.places[0].span_id
        for record in records:
            span_id = record.span_id if record.span_id in self._known else None
            self._logs[span_id or first].append(_log_of_record(record))

    def begin(self) -> bytes:
        return b'{"traceID":' + _encode(self.outline.trace_id) + b',"spans":['

    def spans(self, page: Sequence[SpanWhole]) -> bytes:
        before = b"," if self._written else b""
        self._written = True
        return before + _encode([self._shown(span) for span in page])[1:-1]

    def end(self) -> bytes:
        processes = {
            name: Process(service, _tags(_object(resource))) for (resource, service), name in self._processes.items()
        }
        told = warnings(self.outline)
        if self._cut_logs:
            told.append(f"Only the first {MOST_LOGS} log records of the trace are shown.")
        return b'],"processes":' + _encode(processes) + b',"warnings":' + _encode(told or None) + b"}"

    def _shown(self, span: SpanWhole) -> Shown:
        sender = (span.resource, service_of(span))
        happened = [*map(_log_of_event, span.events), *self._logs.pop(span.span_id, ())]
        happened.sort(key=lambda log: log.timestamp)
        start = span.start_ns // _MICROSECOND
        return Shown(
            trace_id=span.trace_id,
            span_id=span.span_id,
            operation=span.name,
            references=_references(span),
            start=start,
            duration=(span.end_ns - span.start_ns) // _MICROSECOND,
            tags=_span_tags(span),
            logs=happened,
            process=self._processes.setdefault(sender, f"p{len(self._processes) + 1}"),
            warnings=self._warnings(span),
        )

    def _warnings(self, span: SpanWhole) -> Sequence[str] | None:
        if not self._whole or span.parent_span_id is None or span.parent_span_id in self._known:
            return None
        return [f"Its parent {span.parent_span_id} is not here: it was never received, or is still on its way."]


def _references(span: SpanWhole) -> list[Reference]:
    found = [Reference("FOLLOWS_FROM", link.trace_id, link.span_id) for link in span.links]
    if span.parent_span_id is not None:
        found.insert(0, Reference("CHILD_OF", span.trace_id, span.parent_span_id))
    return found


def _span_tags(span: SpanWhole) -> list[Tag]:
    own: dict[str, object] = {}
    if span.kind != SpanKind.UNSPECIFIED:
        own["span.kind"] = span.kind
    if span.status != Status.UNSET:
        own["otel.status_code"] = span.status.upper()
    if span.status == Status.ERROR:
        own["error"] = True
    said = {
        "otel.status_description": span.status_message,
        "otel.scope.name": span.scope_name,
        "otel.scope.version": span.scope_version,
        "w3c.tracestate": span.trace_state,
    }
    own |= {name: value for name, value in said.items() if value is not None}
    return _tags({**attributes(span), **own})


def _tags(pairs: Mapping[str, object]) -> list[Tag]:
    return [_tag(name, value) for name, value in pairs.items()]


def _tag(name: str, value: object) -> Tag:
    if isinstance(value, str):
        return Tag(name, _STRING, value)
    if isinstance(value, bool):
        return Tag(name, "bool", value)
    if isinstance(value, int):
        return Tag(name, "int64", value if -_SAFE <= value <= _SAFE else str(value))
    if isinstance(value, float):
        return Tag(name, "float64", value)
    return Tag(name, _STRING, _encode(value).decode())


def _log_of_event(event: EventWhole) -> Log:
    return Log(event.time_ns // _MICROSECOND, _tags({"event": event.name, **event.attributes}))


def _log_of_record(record: LogWhole) -> Log:
    said: dict[str, object] = {"event": record.event_name or "log"}
    if record.body is not None:
        said["message"] = _said(record.body)
    if record.severity_text is not None or record.severity:
        said["level"] = record.severity_text or str(record.severity)
    return Log(record.time_ns // _MICROSECOND, _tags({**said, **record.attributes}))


def _said(body: str) -> str:
    """Return a body's text; what is no text, or was cut, stands as JSON."""
    try:
        return _text(body)
    except msgspec.MsgspecError:
        return body
