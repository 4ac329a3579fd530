"""Anthropic's usage object: token counts as inclusive totals, and the tier that is paid for; no price.

Shape: docs.claude.com, Messages API, `usage`. Anthropic counts input read from and written to a cache beside
`input_tokens`, and compactions beside everything, in `iterations`; all of it is billed.
"""

from __future__ import annotations

from spanglass.call import Usage
from spanglass.wire.document import count, mapping, rows, text

_INPUT = frozenset({"input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"})
_READ = _INPUT | {
    "output_tokens",
    "cache_creation",
    "iterations",
    "output_tokens_details",
    "server_tool_use",
    "service_tier",
    "speed",
}


def merged(before: dict[str, object], given: object) -> dict[str, object]:
    """Return the counts of a stream so far: each event's are cumulative, and may leave out what was said before.

    What it says of the input holds only where it is more: some proxies say 0 at the end.
    """
    counts = dict(before)
    said = mapping(given)
    for name in said.keys() & _READ:
        value, held = said[name], count(before.get(name)) if name in _INPUT else None
        if value is not None and (held is None or held < (count(value) or 0)):
            counts[name] = value
    return counts


def read_usage(given: dict[str, object]) -> Usage | None:
    """Return the counts of a usage object; None where it has neither input nor output."""
    # The counts at the top leave compactions out, and what another model used that was asked for advice.
    iterations = rows(given.get("iterations"))
    parts = [given, *(one for one in iterations if one.get("type") == "compaction")]
    fresh, output = _sum(parts, "input_tokens"), _sum(parts, "output_tokens")
    if fresh is None and output is None:
        return None
    read, write = _sum(parts, "cache_read_input_tokens"), _sum(parts, "cache_creation_input_tokens")
    lifetimes = [mapping(part.get("cache_creation")) for part in parts]
    hour = _sum(lifetimes, "ephemeral_1h_input_tokens")
    if write is None and any(lifetimes):
        write = (_sum(lifetimes, "ephemeral_5m_input_tokens") or 0) + (hour or 0)
    return Usage(
        None if fresh is None else fresh + (read or 0) + (write or 0),
        output,
        cache_read_tokens=read,
        cache_write_tokens=write,
        cache_write_1h_tokens=hour,
        reasoning_tokens=count(mapping(given.get("output_tokens_details")).get("thinking_tokens")),
        web_searches=count(mapping(given.get("server_tool_use")).get("web_search_requests")),
        # At that model's price, which a call with one model cannot say: what is known is less than what is billed.
        estimated=any(one.get("type") == "advisor_message" for one in iterations),
    )


def read_tier(given: dict[str, object]) -> str | None:
    """Return the tier that served a call: `fast` where fast mode did, for it has prices of its own."""
    return "fast" if given.get("speed") == "fast" else text(given.get("service_tier"))


def _sum(parts: list[dict[str, object]], name: str) -> int | None:
    counts = [found for part in parts if (found := count(part.get(name))) is not None]
    return sum(counts) if counts else None
