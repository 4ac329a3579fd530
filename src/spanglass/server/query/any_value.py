"""Attributes as OTLP/JSON has them: pairs of a key and an AnyValue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, cast

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
_NAMES: Final[Mapping[type, str]] = {
    bool: "boolValue",
    int: "intValue",
    float: "doubleValue",
    str: "stringValue",
}


def pairs(values: object) -> list[Json]:
    """Return attributes as a list of pairs; what is no mapping has none."""
    held = values.items() if isinstance(values, Mapping) else ()
    return [{"key": key, "value": any_value(value)} for key, value in held]


def any_value(value: object) -> Json:
    """Return a value as an AnyValue; nothing is one that holds nothing."""
    if value is None:
        return {}
    name = _NAMES.get(type(value))
    if name is not None:
        # 64 bits are too many for a number of JSON.
        return {name: str(value) if name == "intValue" else cast("Json", value)}
    if isinstance(value, Mapping):
        return {"kvlistValue": {"values": pairs(value)}}
    return {"arrayValue": {"values": [any_value(one) for one in value] if isinstance(value, list | tuple) else []}}
