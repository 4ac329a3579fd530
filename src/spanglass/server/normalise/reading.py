"""Attribute values as producers really send them: numbers as text, integers as floats, one value for a list."""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation

from spanglass.server.normalise import documents
from spanglass.server.record import Value

LONGEST = 1024
"""Characters of a name or an id that are read; what was sent stays among the attributes.

Answers list names by the hundred and group by them: 120 spans with names of 300 kB left no memory to answer anything.
"""
_MOST_TEXTS = 100
_MOST = 10**12
"""Tokens of one call, and the like; more could make sums of them pass 64 bits, and summaries fail."""
_LONGEST_S = 10**9
_MOST_USD = Decimal(10) ** 9
_USD_PLACES = 18
"""What a store keeps; 1e-999999 is short, but has a million digits where it is written out."""
_SMALLEST_USD = Decimal(1).scaleb(-_USD_PLACES)
_LONGEST_USD = 40


def as_text(value: Value, longest: int = LONGEST) -> str | None:
    """Return the beginning of a text, or a number as text; None for anything else and for an empty text."""
    if value is None or isinstance(value, str):  # most readings find nothing, or a text
        return value[:longest] if value else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None


def as_count(value: Value) -> int | None:
    """Return a whole number from 0 to 10^12; None for anything else."""
    if type(value) is int:  # neither a bool nor an IntEnum comes out of OTLP
        return value if 0 <= value <= _MOST else None
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdecimal() and len(value) <= len(str(_MOST)) - 1 else None
    if isinstance(value, float) and value.is_integer() and 0 <= value <= _MOST:
        return int(value)
    return None


def as_ns(value: Value) -> int | None:
    """Return seconds as nanoseconds; None for what is no duration."""
    if value is None:
        return None
    try:
        seconds = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    return round(seconds * 1_000_000_000) if 0 <= seconds < _LONGEST_S else None


def as_flag(value: Value) -> bool | None:
    """Return a boolean, or the text of one; None for anything else."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def as_usd(value: Value) -> Decimal | None:
    """Return an amount exactly as its decimal digits say it, to what a store keeps; None for what is no amount."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        text = str(value).strip()
        amount = Decimal(text)
    except InvalidOperation:
        return None
    if not (amount.is_finite() and 0 <= amount < _MOST_USD):
        return None
    short = amount.adjusted() >= -_USD_PLACES and len(text) <= _LONGEST_USD
    return amount if short else amount.quantize(_SMALLEST_USD)


def as_texts(value: Value) -> tuple[str, ...]:
    """Return the texts of a list, of its JSON text, or of one text: the beginnings of the first 100."""
    if isinstance(value, str) and value[:1] == "[":
        value = documents.read_list(value, documents.SMALL) or value
    if isinstance(value, str):
        return (value[:LONGEST],) if value else ()
    if isinstance(value, list | tuple):
        return tuple(part[:LONGEST] for part in value[:_MOST_TEXTS] if isinstance(part, str) and part)
    return ()
