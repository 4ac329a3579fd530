"""Values out of JSON that a stranger wrote: each reader takes anything and gives a clean value or None."""

from __future__ import annotations

import json
from decimal import Decimal
from math import isfinite

MAX_NAME = 256
"""Characters kept of an id, model or other name."""
MAX_MESSAGE = 1024
"""Characters kept of an error message."""
_MAX_COUNT = 2**53

_decoder = json.JSONDecoder(strict=False)  # raw control characters in a text are no reason to lose the usage beside it
_encoder = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))  # what was JSON is a tree


def parse(data: bytes) -> dict[str, object] | None:
    """Read a JSON object; the first one of an array of them (Gemini wraps errors so). None where there is none.

    Invalid UTF-8 is replaced: a broken character in a text does not cost the usage beside it.
    """
    try:
        value: object = _decoder.decode(data.decode("utf-8", "replace").lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return None
    if isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, dict) else None


def mapping(value: object) -> dict[str, object]:
    """Return a JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[dict[str, object]]:
    """Return the JSON objects of an array; whatever else is in it is left out."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def text(value: object, limit: int = MAX_NAME) -> str | None:
    """Return a text that is not empty, cut at `limit` characters and safe to encode."""
    if not isinstance(value, str) or not value:
        return None
    cut = value[:limit]
    return cut if cut.isascii() else clean(cut)


def clean(value: str) -> str:
    """Replace lone surrogates, which JSON may hold and UTF-8 may not."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def count(value: object) -> int | None:
    """Return a count: a whole number from 0 to 2**53, written as an integer or as 12.0."""
    if value is None:
        return None
    if type(value) is int:
        return value if 0 <= value <= _MAX_COUNT else None
    return count(int(value)) if isinstance(value, float) and value.is_integer() else None


def whole(value: object) -> int | None:
    """Return an integer of at most 64 bits, negative ones too."""
    return value if type(value) is int and -(2**63) <= value < 2**63 else None


def number(value: object) -> float | None:
    """Return a finite number."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value) if abs(value) <= _MAX_COUNT else None
    return None


def money(value: object) -> Decimal | None:
    """Return an amount that is not negative, with exactly the digits it was written with."""
    amount = number(value)
    # repr gives the shortest text that reads back as the same float: what was written, for up to 15 digits.
    return Decimal(repr(value)) if amount is not None and amount >= 0 else None


def dump(value: object) -> str | None:
    """Write JSON text, compact and safe to encode; None where it is nested too deeply to write."""
    try:
        return clean(_encoder.encode(value))
    except (ValueError, RecursionError):
        return None
