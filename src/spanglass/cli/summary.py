"""Figures of several calls in a few words, for lines and cells that many commands share."""

from __future__ import annotations

from spanglass.cli.answer import Part
from spanglass.cli.figures import UNKNOWN, compact, duration

_LABELS = {
    "llm": "LLM",
    "tool": "Tool",
    "agent": "Agent",
    "retrieval": "Retrieval",
    "db": "Database",
    "queue": "Queue",
    "http": "HTTP",
    "waiting": "Waiting",
}


def work_label(work: str | None) -> str:
    """Return a kind of work in words."""
    return _LABELS.get(work or "", "Other")


def latency(times: Part) -> str:
    """Return `p50 812 ms, p95 1.42 s, p99 3 m 10 s`."""
    said = [f"{name} {duration(value)}" for name in ("p50", "p95", "p99") if (value := times.number(name)) is not None]
    return ", ".join(said) or UNKNOWN


def tokens(counts: Part, *, brief: bool = False) -> str:
    """Return `1.2M in, 340k out, 400k cached, 12k reasoning`; briefly the total of in and out."""
    given, taken = counts.count("input"), counts.count("output")
    if brief:
        return UNKNOWN if given is None and taken is None else compact((given or 0) + (taken or 0))
    rows = (
        ("in", given),
        ("out", taken),
        ("cached", counts.count("cache_read")),
        ("written to a cache", counts.count("cache_write")),
        ("reasoning", counts.count("reasoning")),
    )
    said = [f"{compact(value)} {label}" for label, value in rows if value or (value == 0 and label in {"in", "out"})]
    return ", ".join(said) or UNKNOWN
