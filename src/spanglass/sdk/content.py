"""Whether message content is recorded, and where; what content is, and its redaction, are decided elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


class ContentMode(Enum):
    """Where message content goes; the words of the OpenTelemetry GenAI instrumentations."""

    NO_CONTENT = "NO_CONTENT"
    SPAN_ONLY = "SPAN_ONLY"
    EVENT_ONLY = "EVENT_ONLY"
    SPAN_AND_EVENT = "SPAN_AND_EVENT"

    @property
    def any(self) -> bool:
        """Content is recorded somewhere."""
        return self is not ContentMode.NO_CONTENT

    @property
    def on_spans(self) -> bool:
        """Content is put on spans."""
        return self in {ContentMode.SPAN_ONLY, ContentMode.SPAN_AND_EVENT}

    @property
    def on_events(self) -> bool:
        """Content is put on log events."""
        return self in {ContentMode.EVENT_ONLY, ContentMode.SPAN_AND_EVENT}

    @classmethod
    def parse(cls, text: str) -> ContentMode:
        """Read a mode, in any case; `true` is SPAN_ONLY, `false` and nothing are NO_CONTENT.

        Raises:
            ValueError: The text is no mode.
        """
        word = text.strip().upper()
        if word in {"", "FALSE", "0"}:
            return cls.NO_CONTENT
        if word in {"TRUE", "1"}:
            return cls.SPAN_ONLY
        try:
            return cls[word]
        except KeyError:
            raise ValueError(f"use one of {', '.join(mode.name for mode in cls)}, true or false") from None


def content_mode(environ: Mapping[str, str]) -> ContentMode:
    """Return the mode that the standard variable asks for.

    Raises:
        ValueError: It holds something that is no mode.
    """
    return ContentMode.parse(environ.get(VARIABLE, ""))
