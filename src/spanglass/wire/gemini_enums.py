"""Names of Gemini's enumerations where an answer has their numbers, as clients over protobuf ask for them.

`google.generativeai` with `transport="rest"` adds `$alt=json;enum-encoding=int` to its requests. Numbers:
google/ai/generativelanguage/v1beta, generative_service.proto and content.proto.
"""

from __future__ import annotations

from spanglass.wire.document import text

FINISH_REASONS = (
    None,  # unspecified
    "STOP",
    "MAX_TOKENS",
    "SAFETY",
    "RECITATION",
    "OTHER",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MALFORMED_FUNCTION_CALL",
    "IMAGE_SAFETY",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_OTHER",
    "NO_IMAGE",
    "IMAGE_RECITATION",
)
BLOCK_REASONS = (None, "SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY")
MODALITIES = (None, "TEXT", "IMAGE", "VIDEO", "AUDIO", "DOCUMENT")


def name_of(value: object, names: tuple[str | None, ...]) -> str | None:
    """Return the name of an enumeration's value; a number without a name is named by itself, 0 is unspecified.

    Args:
        value: A name or a number.
        names: Names by number.
    """
    if type(value) is not int:
        return text(value)
    return names[value] if 0 <= value < len(names) else str(value)
