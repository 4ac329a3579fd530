"""What OpenAI's three interfaces share in a request: common facts and the length of what is sent."""

from __future__ import annotations

from spanglass.wire.document import dump, mapping, rows, text

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


def spoken_length(content: object) -> int:
    """Count the characters of a content: a text, or the texts among its parts; not images, sound or files."""
    if isinstance(content, str):
        return len(content)
    total = 0
    for part in rows(content):
        said = part.get("text")
        if isinstance(said, str):
            total += len(said)
    return total


def written_length(value: object) -> int:
    """Count the characters of a JSON value such as tool definitions, which a model reads as text."""
    return len(dump(value) or "") if value else 0
