"""Reads an answer of the API by names: what is absent, null or of another type is None, so that versions may differ."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from spanglass.errors import ServerUnavailable

_LONGEST_AMOUNT = 100


class Part:
    """One object of an answer."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        self._fields = fields

    def __bool__(self) -> bool:
        return bool(self._fields)

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def value(self, name: str) -> object:
        """Return any JSON value."""
        return self._fields.get(name)

    def text(self, name: str) -> str | None:
        """Return a text that is not empty."""
        value = self._fields.get(name)
        return value if isinstance(value, str) and value else None

    def number(self, name: str) -> float | None:
        """Return a finite number."""
        value = self._fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) >= 2**1000:
            return None
        return float(value) if math.isfinite(value) else None

    def count(self, name: str) -> int | None:
        """Return a whole number."""
        value = self._fields.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def amount(self, name: str) -> Decimal | None:
        """Return exact money."""
        value = self._fields.get(name)
        if not isinstance(value, str) or len(value) > _LONGEST_AMOUNT:
            return None
        try:
            amount = Decimal(value)
        except InvalidOperation:
            return None
        return amount if amount.is_finite() and abs(amount.adjusted()) < _LONGEST_AMOUNT else None

    def flag(self, name: str) -> bool:
        """Return whether it is true."""
        return self._fields.get(name) is True

    def part(self, name: str) -> Part:
        """Return an object; an empty one, which is false, where there is none."""
        value = self._fields.get(name)
        return Part(value) if isinstance(value, dict) else NOTHING

    def parts(self, name: str) -> tuple[Part, ...]:
        """Return the objects of a list."""
        value = self._fields.get(name)
        return tuple(Part(item) for item in value if isinstance(item, dict)) if isinstance(value, list) else ()

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of a list."""
        value = self._fields.get(name)
        return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


NOTHING = Part({})
"""What is not there."""


def read(body: bytes, server: str) -> Part:
    """Read an answer.

    Args:
        body: JSON.
        server: Whose answer, for the message.

    Raises:
        ServerUnavailable: It is no JSON object, so it was no spanglass that answered.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ServerUnavailable(
            f"What answers at {server} is no spanglass server: its answer is no JSON. Name another with --server."
        )
    return Part(document)
