"""Figures of several calls in a few words and columns, which many commands share."""

from __future__ import annotations

from typing import Final

from spanglass.cli.answer import Part
from spanglass.cli.figures import UNKNOWN, compact, count, duration, plural
from spanglass.cli.table import Cell, Column, errors_cell, money_cell

NONE: Final = "(none)"
"""Stands for calls that name no value."""
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
SUMS: Final = (
    Column("calls", right=True),
    Column("errors", right=True),
    Column("tokens", right=True, spare=4),
    Column("cost", right=True),
)
"""What `sums` fills."""
FIGURES: Final = (
    *SUMS[:2],
    Column("p50", right=True, spare=3),
    Column("p95", right=True),
    Column("first token", right=True, spare=1),
    *SUMS[2:],
)
"""What `figures` fills."""


def sums(calls: Part) -> tuple[Cell, ...]:
    """Return the cells of `SUMS`."""
    return (
        count(calls.count("calls")),
        errors_cell(calls.count("errors")),
        tokens(calls.part("tokens"), brief=True),
        money_cell(calls.part("cost")),
    )


def figures(calls: Part) -> tuple[Cell, ...]:
    """Return the cells of `FIGURES`."""
    summed, times = sums(calls), calls.part("duration")
    first = duration(calls.part("first_token").number("p50"))
    return (*summed[:2], duration(times.number("p50")), duration(times.number("p95")), first, *summed[2:])


def work_label(work: str | None) -> str:
    """Return a kind of work in words."""
    return _LABELS.get(work or "", "Other")


def named(span: str, model: str | None) -> str:
    """Return a span's name, with the model where the name does not say it; `chat gpt-5.2` says it of its versions."""
    if model is None or any(model.startswith(word) for word in span.split()):
        return span
    return f"{span} {model}"


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


def sample(answer: Part, what: str) -> str:
    """Say how many traces an answer was made of, and of how many; `what` names one."""
    read, seen = answer.count("traces_read") or 0, answer.count("traces_seen") or 0
    cut = "; the newest is larger than what is read of it" if answer.flag("spans_cut") else ""
    if read >= seen:
        return f"{plural(read, what)} in the range, all read{cut}."
    return f"{plural(seen, what)} in the range, of which the newest {read:,} are read{cut}."
