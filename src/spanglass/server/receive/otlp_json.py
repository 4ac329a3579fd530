"""OTLP/JSON becomes OTLP protobuf, so that there is one way in; the rules are OTLP's "JSON Protobuf Encoding"."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

import msgspec
from google.protobuf.message import Message
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from spanglass.errors import MalformedPayload, PayloadTooLarge
from spanglass.server.record import Signal

# Where the items are: block, inner block, item.
_PATHS = {
    Signal.TRACES: ("resourceSpans", "scopeSpans", "spans"),
    Signal.LOGS: ("resourceLogs", "scopeLogs", "logRecords"),
    Signal.METRICS: ("resourceMetrics", "scopeMetrics", "metrics"),
}
# The message that holds the blocks has the same form as the service's request.
_REQUESTS: dict[Signal, type[Message]] = {
    Signal.TRACES: TracesData,
    Signal.LOGS: LogsData,
    Signal.METRICS: MetricsData,
}
_IDS = ("traceId", "spanId", "parentSpanId")
_DATA = ("gauge", "sum", "histogram", "exponentialHistogram")
# An object of JSON costs a hundred times its bytes until it is protobuf. A span with 18 attributes has 45.
_MOST_CONTAINERS = 500_000
# An element of a list that is neither takes up to 60 bytes; only texts may have as many commas.
_MOST_COMMAS = 1_000_000
_DEPTH = 100
"""Nesting that the parser follows; the limit on values is applied after it."""


def to_protobuf(signal: Signal, body: bytes) -> bytes:
    """Return the protobuf form of an OTLP/JSON request.

    Unknown fields are ignored, integers may be strings, enumerations are numbers, ids are hex. An id that is not hex
    becomes an empty one, so that its item alone is rejected.

    Raises:
        MalformedPayload: The text is not JSON, or a field has a wrong type.
        PayloadTooLarge: It has more objects and arrays than a batch ever needs.
    """
    if body.count(b"{") + body.count(b"[") > _MOST_CONTAINERS:
        raise PayloadTooLarge(
            f"The body has more than {_MOST_CONTAINERS} JSON objects and arrays; send smaller batches, or protobuf."
        )
    if body.count(b",") > _MOST_COMMAS:
        raise PayloadTooLarge(f"The body has more than {_MOST_COMMAS} commas; send smaller batches, or protobuf.")
    from google.protobuf import json_format  # noqa: PLC0415 - 1 MB that a server of protobuf senders never needs

    try:
        document = msgspec.json.decode(body, type=dict[str, object])
        for block in _each(document, _PATHS[signal][0]):
            for inner in _each(block, _PATHS[signal][1]):
                for item in _each(inner, _PATHS[signal][2]):
                    for holder in _holders(item):
                        _ids_to_base64(holder)
        message = _REQUESTS[signal]()
        json_format.ParseDict(document, message, ignore_unknown_fields=True, max_recursion_depth=_DEPTH)
        return message.SerializeToString()
    except (msgspec.DecodeError, json_format.ParseError, ValueError, TypeError, RecursionError) as error:
        raise MalformedPayload(f"The body is not OTLP/JSON: {str(error)[:200]}.") from error


def _each(holder: dict[str, object], key: str) -> Iterator[dict[str, object]]:
    items = holder.get(key)
    if isinstance(items, list):
        for item in items:
            if isinstance(item, dict):
                yield item


def _holders(item: dict[str, object]) -> Iterator[dict[str, object]]:
    """Yield every object of an item that may hold ids: itself, its links, its points' exemplars."""
    yield item
    yield from _each(item, "links")
    for kind in _DATA:
        data = item.get(kind)
        if isinstance(data, dict):
            for point in _each(data, "dataPoints"):
                yield from _each(point, "exemplars")


def _ids_to_base64(holder: dict[str, object]) -> None:
    for key in _IDS:
        value = holder.get(key)
        if isinstance(value, str):
            try:
                holder[key] = base64.b64encode(binascii.unhexlify(value)).decode()
            except ValueError:  # an odd length, another character
                holder[key] = ""
