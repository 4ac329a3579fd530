"""Amazon event streams, written: messages with real preludes, headers and checksums, as the services send them."""

import json
import struct
from zlib import crc32

CONTENT_TYPE = "application/vnd.amazon.eventstream"


def header(name: str, value: str) -> bytes:
    """Write one header that is a string."""
    said = value.encode()
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(said)) + said


def message(headers: bytes, payload: bytes) -> bytes:
    """Write one message."""
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    told = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return told + struct.pack(">I", crc32(told))


def event(name: str, document: object) -> bytes:
    """Write one event."""
    headers = header(":event-type", name) + header(":content-type", "application/json")
    return message(headers + header(":message-type", "event"), json.dumps(document).encode())


def exception(name: str, document: object) -> bytes:
    """Write one exception, as a service sends it in the middle of a stream."""
    headers = header(":exception-type", name) + header(":content-type", "application/json")
    return message(headers + header(":message-type", "exception"), json.dumps(document).encode())
