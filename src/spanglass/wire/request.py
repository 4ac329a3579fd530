"""What requests of all interfaces share: how much of one is read, and fields that many of them have."""

from __future__ import annotations

from spanglass.wire.document import dump, mapping, text

MAX_BODY = 16 * 1024 * 1024
"""Bytes of a request that are read; of a larger one nothing is known."""
_MAX_STOPS = 16


def stop_sequences(value: object) -> tuple[str, ...]:
    """Return stop sequences given as one text or several."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        return ()
    return tuple(stop for one in value[:_MAX_STOPS] if (stop := text(one)) is not None)


def output_type(given: object) -> str | None:
    """Return the conventions' output type for a response format."""
    kind = mapping(given).get("type")
    if kind in ("json_object", "json_schema"):
        return "json"
    return "text" if kind == "text" else None


def written_length(value: object) -> int:
    """Count the characters of a JSON value such as tool definitions, which a model reads as text."""
    return len(dump(value) or "") if value else 0
