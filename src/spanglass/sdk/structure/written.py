"""Any value of the application as JSON text, bounded in size, whatever its methods do."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from uuid import UUID

from spanglass.wire.capture import Allowance
from spanglass.wire.document import dump

_DEEPEST = 8
_MOST_VALUES = 2000
_LONGEST_REPR = 2000
_INT_BITS = 64
_CUT = "…"
_SCALARS = (str, bool, int, float, bytes, bytearray, memoryview)
_BY_TEXT = (date, time, timedelta, Decimal, UUID, PurePath)


def written(value: object) -> str:
    """Write a value as JSON text.

    Mappings, sequences, sets, dataclasses, named tuples and objects with `model_dump` (Pydantic's) by their parts,
    bytes by their length, everything else by its `repr`, cut. Kept are 8 levels, 2,000 values and as many characters as
    of messages; `…` stands for the rest. It never raises: a part whose own code fails is named by its type.
    """
    return dump(_Writer().plain(value, 0)) or f'"{_CUT}"'


class _Writer:
    """One value on its way; what it may still keep."""

    def __init__(self) -> None:
        self._allowance = Allowance()
        self._left = _MOST_VALUES

    def plain(self, value: object, depth: int) -> object:
        """Return the value in JSON's terms."""
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            return _CUT
        try:
            return self._plain(value, depth)
        except Exception:  # noqa: BLE001 - the application's own methods run here; that they fail is no fault of ours
            return f"<{type(value).__name__}>"

    def _plain(self, value: object, depth: int) -> object:
        if isinstance(value, Enum):
            value = value.value
        if value is None or isinstance(value, _SCALARS):
            return self._scalar(value)
        parts = _parts(value)
        if isinstance(parts, Mapping):
            return self._mapping(parts, depth)
        if parts is not None:
            return self._sequence(parts, depth)
        return self._allowance.cut((repr if not isinstance(value, _BY_TEXT) else str)(value)[:_LONGEST_REPR])

    def _scalar(self, value: object) -> object:
        if isinstance(value, str):
            return self._allowance.cut(value)
        if isinstance(value, bytes | bytearray | memoryview):
            return f"<{len(value)} bytes>"
        if isinstance(value, int) and not isinstance(value, bool):
            return int(value) if value.bit_length() <= _INT_BITS else f"<int of {value.bit_length()} bits>"
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else str(float(value))
        return value

    def _mapping(self, value: Mapping[object, object], depth: int) -> dict[str, object]:
        plain: dict[str, object] = {}
        for key, part in value.items():
            if self._left <= 0:
                plain[_CUT] = _CUT
                break
            name = key if isinstance(key, str) else self.plain(key, depth + 1)
            plain[self._allowance.cut(str(name))] = self.plain(part, depth + 1)
        return plain

    def _sequence(self, value: Iterable[object], depth: int) -> list[object]:
        plain: list[object] = []
        for part in value:
            if self._left <= 0:
                plain.append(_CUT)
                break
            plain.append(self.plain(part, depth + 1))
        return plain


def _parts(value: object) -> Mapping[object, object] | Iterable[object] | None:
    if isinstance(value, Mapping):
        return value
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return dict(zip(value._fields, value, strict=False))
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)}
    dumped = getattr(value, "model_dump", None)
    if callable(dumped) and not isinstance(value, type):
        found: object = dumped()
        return found if isinstance(found, Mapping) else None
    return None
