"""Which bytes of an Amazon event stream (`application/vnd.amazon.eventstream`) are one event; not what events mean.

A message is a prelude (its length, its headers' length, their checksum), headers, a payload and a checksum of it all;
smithy.io, "Amazon Event Stream". An event becomes a block of its `:event-type` and its payload, a JSON document.
An exception becomes one named `exception:` and its type, and so does a fault of the framing itself: a wrong length or
checksum makes the rest of the stream unreadable, and the last block says so.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from zlib import crc32

from spanglass.wire.document import dump, text
from spanglass.wire.framing import MAX_EVENT

EXCEPTION = "exception:"
"""What the name of a block begins with that is no event."""
_EXCEPTION_HEAD = b"event: " + EXCEPTION.encode()
_PRELUDE = struct.Struct(">III")
_CHECKED = 8  # bytes of the prelude before its checksum
_CHECKSUM = struct.Struct(">I")
_MAX_HEADERS = 131_072
_STRING = 7
# Bytes of a header's value by its type; those of bytes and strings say their length in two bytes before them.
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 6: None, _STRING: None, 8: 8, 9: 16}
_MAX_KINDS = 64
_MAX_KEPT = 1024
_NO_PAYLOAD = b"{}"


def _as_it_is(payload: bytes) -> bytes:
    return payload


class AwsEventStream:
    """Cuts one event stream into blocks.

    Args:
        unwrap: Gives an event's data from its payload, where that is wrapped.
    """

    __slots__ = ("_broken", "_heads", "_pending", "_skip", "_unwrap")

    idle = False  # no piece of a binary stream is a block as it is

    def __init__(self, unwrap: Callable[[bytes], bytes] = _as_it_is) -> None:
        self._unwrap = unwrap
        self._pending = bytearray()
        self._skip = 0  # bytes still to come of a message that is too large to hold
        self._broken = False
        self._heads: dict[bytes, tuple[bytes, bytes | None]] = {}

    def rest(self, limit: int) -> bytes:  # noqa: ARG002 - a message without its checksum says nothing
        """Return nothing."""
        return b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the blocks that they complete."""
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        if self._broken or not data:
            return []
        pending = self._pending
        pending += data
        blocks: list[bytes] = []
        at = 0
        while len(pending) - at >= _PRELUDE.size:
            length, headers_length, checksum = _PRELUDE.unpack_from(pending, at)
            if checksum != crc32(pending[at : at + _CHECKED]) or not _is_possible(length, headers_length):
                return self._break(blocks, "a message of the event stream has a broken prelude")
            if length > MAX_EVENT:
                self._skip = max(at + length - len(pending), 0)
                at = min(at + length, len(pending))
                blocks.append(b"data:\n\n")
                continue
            if len(pending) - at < length:
                break
            message = bytes(pending[at : at + length])
            if _CHECKSUM.unpack_from(message, length - _CHECKSUM.size)[0] != crc32(message[: -_CHECKSUM.size]):
                return self._break(blocks, "a message of the event stream does not match its checksum")
            blocks.append(self._block(message, _PRELUDE.size + headers_length))
            at += length
        del pending[:at]
        return blocks

    def _break(self, blocks: list[bytes], why: str) -> list[bytes]:
        self._broken = True
        self._pending.clear()
        return [*blocks, _exception("EventStreamError", why)]

    def _block(self, message: bytes, headers_end: int) -> bytes:
        headers = message[_PRELUDE.size : headers_end]
        known = self._heads.get(headers)
        if known is None:
            known = _head(headers)
            if len(self._heads) < _MAX_KINDS and len(headers) <= _MAX_KEPT:
                self._heads[headers] = known
        head, payload = known
        if payload is None:
            payload = message[headers_end : -_CHECKSUM.size]
            payload = payload if head.startswith(_EXCEPTION_HEAD) else self._unwrap(payload)
        if b"\n" in payload or b"\r" in payload:
            payload = payload.replace(b"\n", b"").replace(b"\r", b"")  # JSON has them between tokens alone
        return head + payload + b"\n\n"


def _is_possible(length: int, headers_length: int) -> bool:
    return headers_length <= _MAX_HEADERS and length >= _PRELUDE.size + headers_length + _CHECKSUM.size


def _head(headers: bytes) -> tuple[bytes, bytes | None]:
    """Return how the block of a message begins, and its data where headers and not its payload say it."""
    said = _read_headers(headers)
    kind = said.get(":message-type", "event")
    if kind == "exception":
        return _named(EXCEPTION + said.get(":exception-type", "")), None
    if kind == "error":
        name, message = said.get(":error-code", ""), said.get(":error-message", "")
        return _named(EXCEPTION + name), (dump({"message": message}) or "").encode() or _NO_PAYLOAD
    return _named(said.get(":event-type", "")), None


def _exception(name: str, message: str) -> bytes:
    return _named(EXCEPTION + name) + (dump({"message": message}) or "").encode() + b"\n\n"


def _named(name: str) -> bytes:
    kept = " ".join((text(name) or "").split()).encode()
    return b"event: " + kept + b"\ndata: " if kept else b"data: "


def _read_headers(headers: bytes) -> dict[str, str]:
    """Return the headers that are strings; those after one that cannot be read are left out."""
    said: dict[str, str] = {}
    at = 0
    while at < len(headers):
        name_end = at + 1 + headers[at]
        kind = headers[name_end] if name_end < len(headers) else None
        if kind not in _SIZES:
            break
        start, size = name_end + 1, _SIZES[kind]
        if size is None:
            size = int.from_bytes(headers[start : start + 2], "big")
            start += 2
        if kind == _STRING and start + size <= len(headers):
            said[headers[at + 1 : name_end].decode("utf-8", "replace")] = headers[start : start + size].decode(
                "utf-8", "replace"
            )
        at = start + size
    return said
