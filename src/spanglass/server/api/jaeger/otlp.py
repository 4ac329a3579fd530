"""Traces in OTLP/JSON, as version 3 of Jaeger's query API answers them."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Final

import msgspec

from spanglass.server.api.jaeger.shown import attributes
from spanglass.server.query.any_value import Json, pairs
from spanglass.server.query.spans import Outline, SpanWhole, whole
from spanglass.server.record import SpanKind, Status
from spanglass.server.store.protocol import Store

_KINDS: Final = {kind: number for number, kind in enumerate(SpanKind)}
_STATUSES: Final = {status: number for number, status in enumerate(Status)}
_object = msgspec.json.Decoder(dict[str, object]).decode
_encode = msgspec.json.Encoder().encode


def traces(store: Store, outlines: Sequence[Outline], *, content: bool) -> Iterator[bytes]:
    """Yield traces as the elements of `resourceSpans`, part by part; a resource may come more than once.

    Args:
        store: Where the spans are read, a page at a time.
        outlines: Which spans; those that have gone since are left out.
        content: Whether to read content that is kept apart.
    """
    before = b""
    for page in whole(store, [place for outline in outlines for place in outline.places], content=content):
        yield before + _encode(_by_resource(page))[1:-1]
        before = b","


def answer(parts: Iterator[bytes]) -> Generator[bytes, None, None]:
    """Yield the answer around the elements of its `resourceSpans`."""
    yield b'{"result":{"resourceSpans":['
    yield from parts
    yield b"]}}"


def _by_resource(spans: Sequence[SpanWhole]) -> list[dict[str, Json]]:
    blocks: dict[str, dict[tuple[str | None, str | None], list[dict[str, Json]]]] = {}
    for span in spans:
        block = blocks.setdefault(span.resource, {})
        block.setdefault((span.scope_name, span.scope_version), []).append(_span(span))
    return [
        {
            "resource": _filled({"attributes": pairs(_object(resource))}),
            "scopeSpans": [
                {"scope": _filled({"name": name, "version": version}), "spans": listed}
                for (name, version), listed in block.items()
            ],
        }
        for resource, block in blocks.items()
    ]


def _span(span: SpanWhole) -> dict[str, Json]:
    """Return a span; ids are hex and 64-bit numbers text, as OTLP/JSON has them, and what is empty is left out."""
    events = [
        _filled({"timeUnixNano": str(e.time_ns), "name": e.name, "attributes": pairs(e.attributes)})
        for e in span.events
    ]
    links = [
        _filled({"traceId": k.trace_id, "spanId": k.span_id, "attributes": pairs(k.attributes)}) for k in span.links
    ]
    return _filled(
        {
            "traceId": span.trace_id,
            "spanId": span.span_id,
            "traceState": span.trace_state,
            "parentSpanId": span.parent_span_id,
            "name": span.name,
            "kind": _KINDS[SpanKind(span.kind)],
            "startTimeUnixNano": str(span.start_ns),
            "endTimeUnixNano": str(span.end_ns),
            "attributes": pairs(attributes(span)),
            "events": events,
            "links": links,
        }
    ) | {"status": _filled({"message": span.status_message, "code": _STATUSES[Status(span.status)]})}


def _filled(fields: dict[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in fields.items() if value}
