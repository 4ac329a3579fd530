"""Cursors: a place in a list as opaque, URL-safe text, the same for every list."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from spanglass.errors import QueryError

_NUMBER: Final = 8


def write_cursor(*numbers: int) -> str:
    """Return numbers of 64 bits as opaque, URL-safe text."""
    packed = b"".join(number.to_bytes(_NUMBER, "big", signed=True) for number in numbers)
    return base64.urlsafe_b64encode(packed).decode()


def read_cursor(cursor: str, numbers: int) -> tuple[int, ...]:
    """Return the numbers that a cursor holds.

    Args:
        cursor: What `write_cursor` made.
        numbers: How many it must hold.

    Raises:
        QueryError: It is no such cursor.
    """
    try:
        packed = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        packed = b""
    if len(packed) != numbers * _NUMBER:
        raise QueryError("The cursor is not one this server gave; start again from the first page.")
    starts = range(0, len(packed), _NUMBER)
    return tuple(int.from_bytes(packed[start : start + _NUMBER], "big", signed=True) for start in starts)
