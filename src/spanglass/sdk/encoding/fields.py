"""The fields that OTLP messages are made of, as protobuf's wire format writes them; numbers come as ready tags.

What protobuf cannot hold is made to fit instead of losing its attribute or, in a name, the whole batch: text that is no
Unicode gets question marks, an integer of more than 64 bits becomes text.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

_FIXED64 = struct.Struct("<Q").pack
_SIGNED64 = struct.Struct("<q").pack
_DOUBLE = struct.Struct("<d").pack
_ONE_BYTE = [bytes((number,)) for number in range(128)]
INT_MIN, INT_MAX = -(2**63), 2**63 - 1


def varint(number: int) -> bytes:
    """Write a number that is not negative, seven bits a byte."""
    if number < 128:
        return _ONE_BYTE[number]
    written = bytearray()
    while number >= 128:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def sized(tag: bytes, body: bytes) -> bytes:
    """Write a message, text or bytes."""
    return tag + varint(len(body)) + body


def text(tag: bytes, words: str | None) -> bytes:
    """Write text, nothing where there is none."""
    return sized(tag, words.encode("utf-8", "replace")) if words else b""


def count(tag: bytes, number: int | None) -> bytes:
    """Write a number that is not negative, nothing for 0."""
    return tag + varint(number) if number else b""


def time(tag: bytes, nanoseconds: int | None) -> bytes:
    """Write a time, nothing for 0."""
    return tag + _FIXED64(nanoseconds) if nanoseconds else b""


def double(tag: bytes, number: float) -> bytes:
    """Write a number, also 0."""
    return tag + _DOUBLE(number)


def number(tag_int: bytes, tag_double: bytes, value: float) -> bytes:
    """Write the value of a point, also 0: an integer as one where it fits."""
    if isinstance(value, int) and INT_MIN <= value <= INT_MAX:
        return tag_int + _SIGNED64(value)
    return tag_double + _DOUBLE(value)


def pair(key: str, item: object) -> bytes:
    """Write a KeyValue, its length before it and no tag."""
    return sized(b"", text(b"\x0a", key) + sized(b"\x12", value(item)))


def value(item: object) -> bytes:
    """Write the inside of an AnyValue."""
    writer = _OF_CLASS.get(item.__class__)
    if writer is not None:
        return writer(item)
    for kind, write in _WRITERS:
        if isinstance(item, kind):
            return write(item)
    return b"" if item is None else _string(str(item))


def _string(words: str) -> bytes:
    return sized(b"\x0a", words.encode("utf-8", "replace"))  # also where it is empty: it says which kind of value it is


def _integer(item: int) -> bytes:
    if not INT_MIN <= item <= INT_MAX:
        return _string(str(item))
    return b"\x18" + varint(item & 0xFFFF_FFFF_FFFF_FFFF)


def _array(items: Iterable[object]) -> bytes:
    return sized(b"\x2a", b"".join(sized(b"\x0a", value(item)) for item in items))


def _mapping(items: Mapping[object, object]) -> bytes:
    return sized(b"\x32", b"".join(b"\x0a" + pair(str(key), item) for key, item in items.items()))


# In the order of how often they come; bool before int, which it is a kind of.
_WRITERS: tuple[tuple[type, Callable[[Any], bytes]], ...] = (
    (str, _string),
    (bool, lambda item: b"\x10\x01" if item else b"\x10\x00"),
    (int, _integer),
    (float, lambda item: double(b"\x21", item)),
    (bytes, lambda item: sized(b"\x3a", item)),
    (Mapping, _mapping),
    (Sequence, _array),
)
# Most values are of these very classes, and asking for an abstract one takes 2 us.
_OF_CLASS: dict[type, Callable[[Any], bytes]] = {**dict(_WRITERS[:5]), tuple: _array, list: _array, dict: _mapping}
