"""What a sender is told: OTLP's responses and errors in protobuf and JSON, and which error is which status."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import NamedTuple

import msgspec

from spanglass.errors import (
    MalformedPayload,
    Overloaded,
    PayloadTooLarge,
    StoreUnavailable,
    Unauthenticated,
    UnsupportedPayload,
)
from spanglass.server.record import Received, Signal

RETRY_UNAVAILABLE_S = 5.0
"""When to come back to a store that failed: it may be a moment's fault."""
_REJECTED = {Signal.TRACES: "rejectedSpans", Signal.LOGS: "rejectedLogRecords", Signal.METRICS: "rejectedDataPoints"}
_RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"


class Fault(NamedTuple):
    """How an error is told.

    Attributes:
        http: HTTP status. OTLP senders retry 429, 502, 503 and 504 alone.
        code: google.rpc.Code. OTLP senders retry UNAVAILABLE, and RESOURCE_EXHAUSTED where a RetryInfo comes along.
        reason: One word for the counter.
    """

    http: HTTPStatus
    code: int
    reason: str


_FAULTS: dict[type[Exception], Fault] = {
    MalformedPayload: Fault(HTTPStatus.BAD_REQUEST, 3, "malformed"),
    PayloadTooLarge: Fault(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, 3, "too_large"),
    UnsupportedPayload: Fault(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, 3, "unsupported"),
    Unauthenticated: Fault(HTTPStatus.UNAUTHORIZED, 16, "unauthenticated"),
    Overloaded: Fault(HTTPStatus.TOO_MANY_REQUESTS, 8, "overloaded"),
    StoreUnavailable: Fault(HTTPStatus.SERVICE_UNAVAILABLE, 14, "unavailable"),
    TimeoutError: Fault(HTTPStatus.REQUEST_TIMEOUT, 4, "too_slow"),
}
_UNEXPECTED = Fault(HTTPStatus.INTERNAL_SERVER_ERROR, 13, "failed")


def fault_of(error: Exception) -> Fault:
    """Return how an error is told; one that is not foreseen is an internal one, which senders do not retry."""
    return _FAULTS.get(type(error), _UNEXPECTED)


def message_of(error: Exception) -> str:
    """Return what the sender reads; the words of an unforeseen error stay in the server's log."""
    if isinstance(error, TimeoutError):
        return "The body took too long to arrive; send smaller batches, or compress them."
    if type(error) in _FAULTS:
        return str(error)
    return "The server failed on this request; its log says why. Other requests are not affected."


def wait_of(error: Exception) -> float | None:
    """Return after how many seconds the same may be sent again; None where that is of no use."""
    if isinstance(error, Overloaded):
        return error.retry_after_s
    return RETRY_UNAVAILABLE_S if isinstance(error, StoreUnavailable) else None


def accepted(received: Received, *, as_json: bool) -> bytes:
    """Return the response to an accepted request; the field numbers are the same for all signals."""
    if not received.rejected and received.rejected_reason is None:
        return b"{}" if as_json else b""
    reason = received.rejected_reason or ""
    if as_json:
        partial = {_REJECTED[received.signal]: str(received.rejected), "errorMessage": reason}
        return msgspec.json.encode({"partialSuccess": partial})
    return _bytes(1, _number(1, received.rejected) + _bytes(2, reason.encode("utf-8", "replace")))


def refused(error: Exception, *, as_json: bool) -> bytes:
    """Return a google.rpc.Status, with a RetryInfo where waiting helps."""
    code, message, wait = fault_of(error).code, message_of(error), wait_of(error)
    if as_json:
        document: dict[str, object] = {"code": code, "message": message}
        if wait is not None:
            document["details"] = [{"@type": _RETRY_INFO, "retryDelay": f"{wait:g}s"}]
        return msgspec.json.encode(document)
    status = _number(1, code) + _bytes(2, message.encode("utf-8", "replace"))
    if wait is not None:
        status += _bytes(3, _bytes(1, _RETRY_INFO.encode()) + _bytes(2, retry_info(wait)))
    return status


def retry_info(seconds: float) -> bytes:
    """Return a google.rpc.RetryInfo as protobuf."""
    nanos, whole = math.modf(seconds)
    return _bytes(1, _number(1, int(whole)) + _number(2, int(nanos * 1_000_000_000)))


# Four fields do not need a compiled message: a tag, then a varint or a length and bytes.
def _varint(number: int) -> bytes:
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


def _number(field: int, number: int) -> bytes:
    return bytes((field << 3,)) + _varint(number) if number else b""


def _bytes(field: int, data: bytes) -> bytes:
    return bytes((field << 3 | 2,)) + _varint(len(data)) + data
