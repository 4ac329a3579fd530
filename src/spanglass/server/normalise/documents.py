"""JSON text inside attributes becomes values: bounded, encoded once more or not, and cut texts stay unread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

import msgspec

from spanglass.server.record import Value

SMALL: Final = 64 * 1024
"""Characters of JSON text that are read for counts, names and costs."""
LARGE: Final = 4 * 1024 * 1024
"""Characters of JSON text that are read for messages."""
_TWICE: Final = 2
_NOTHING: Final[Mapping[str, Value]] = {}
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def read(value: Value, limit: int = SMALL) -> Value:
    """Return what JSON text says; a value that is no JSON text, or too long a one, as it is.

    Text that is JSON of JSON text, as some producers send it, is read twice.
    """
    for _ in range(_TWICE):
        if not isinstance(value, str) or len(value) > limit or value.lstrip()[:1] not in {"{", "[", '"'}:
            return value
        try:
            value = cast("Value", _decode(value))
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            return value
    return value


def read_object(value: Value, limit: int = SMALL) -> Mapping[str, Value]:
    """Return the object that a value, or its JSON text, is; an empty one for anything else."""
    found = read(value, limit)
    return found if isinstance(found, Mapping) else _NOTHING


def read_list(value: Value, limit: int = LARGE) -> Sequence[Value]:
    """Return the list that a value, or its JSON text, is; an empty one for anything else."""
    found = read(value, limit)
    return found if isinstance(found, list | tuple) else ()


def written(value: Value) -> str:
    """Return a value as JSON text; an empty text for one that cannot be written."""
    try:
        return _encode(value).decode()
    except (RecursionError, UnicodeEncodeError):
        return ""


def dig(value: Value, *names: str) -> Value:
    """Return what lies under names, one in the other; None where one is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
