"""What HTTP headers say of a call or an export: which retry a request is, and how long a receiver asks to wait."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

# Sent by the SDKs that Stainless generates: openai, anthropic, groq, ...
RETRY_COUNT = "x-stainless-retry-count"
# Sent by Amazon's: `ttl=20261121T150000Z; attempt=2; max=5` is the first retry.
AMAZON_ATTEMPT = "amz-sdk-request"


class Headers(Protocol):
    """Headers of any HTTP library; names are looked up in any case."""

    def get(self, name: str, /) -> str | None:
        """Return a header's value, None where it is not there."""


def resend_count(headers: Headers) -> int:
    """Return which retry a request is; 0 where it is the first attempt or does not say."""
    count = headers.get(RETRY_COUNT)
    if count is not None:
        return _count(count)
    attempt = headers.get(AMAZON_ATTEMPT)
    if attempt is None:
        return 0
    return max(0, _count(attempt.partition("attempt=")[2].partition(";")[0]) - 1)


def retry_after_s(headers: Headers, now_ns: int) -> float | None:
    """Return the seconds a receiver asks to wait; None where it does not say.

    Args:
        headers: The answer's headers: `Retry-After` as seconds or a date (RFC 9110, 10.2.3), or `retry-after-ms`.
        now_ns: Now, nanoseconds since the epoch.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is not None or text is None:
        return seconds
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    moment = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - datetime.fromtimestamp(now_ns / 1e9, UTC).timestamp())


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    return number if number is not None and 0 <= number < float("inf") else None
