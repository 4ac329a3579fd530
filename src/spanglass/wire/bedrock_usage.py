"""What Amazon Bedrock's runtime says beside an answer: token counts, latency, errors; of all its interfaces.

Shapes: docs.aws.amazon.com/bedrock/latest/APIReference, TokenUsage, CacheDetail, ConverseMetrics.
"""

from __future__ import annotations

import re

from spanglass.call import ServerTimes, Usage
from spanglass.wire.document import MAX_MESSAGE, count, mapping, rows, text

_MS = 1_000_000
_METRICS = {
    "inputTokenCount": "inputTokens",
    "outputTokenCount": "outputTokens",
    "cacheReadInputTokenCount": "cacheReadInputTokens",
    "cacheWriteInputTokenCount": "cacheWriteInputTokens",
}
_TYPE = re.compile(r"[A-Za-z0-9_.\-]{1,64}")


def read_usage(value: object) -> Usage | None:
    """Return the counts of Converse's usage; None where it has neither input nor output.

    `inputTokens` leaves out what was read from and written to the cache, unless the total shows that it does not.
    """
    got = mapping(value).get
    given, output = count(got("inputTokens")), count(got("outputTokens"))
    if given is None and output is None:
        return None
    read, written = count(got("cacheReadInputTokens")), count(got("cacheWriteInputTokens"))
    cached = (read or 0) + (written or 0)
    within = given is not None and cached <= given and count(got("totalTokens")) == given + (output or 0)
    return Usage(
        None if given is None else given if within else given + cached,
        output,
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=_written_for_1h(got("cacheDetails")),
    )


def read_metrics(value: dict[str, object]) -> Usage | None:
    """Return the counts of an invocation's metrics, which are those of Converse under other names."""
    return read_usage({_METRICS[name]: given for name, given in value.items() if name in _METRICS})


def read_times(latency_ms: object) -> ServerTimes | None:
    """Return the time that the service says a call took; None where it does not."""
    known = count(latency_ms)
    return None if known is None else ServerTimes(total_ns=known * _MS)


def read_error(document: dict[str, object], named: str | None = None) -> tuple[str | None, str | None]:
    """Return an error's type and message.

    Args:
        document: The error; of a refused request it names no type most often, which stands in a header then.
        named: The type that the event which brought it has.
    """
    kind = (named or text(document.get("__type")) or "").rpartition("#")[2]
    message = text(document.get("message"), MAX_MESSAGE) or text(document.get("Message"), MAX_MESSAGE)
    return kind if _TYPE.fullmatch(kind) else None, message


def _written_for_1h(details: object) -> int | None:
    tokens = [count(row.get("inputTokens")) or 0 for row in rows(details) if row.get("ttl") == "1h"]
    return sum(tokens) if tokens else None
