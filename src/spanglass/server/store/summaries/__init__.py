"""Summaries of model calls: which tables there are, the statements that fill them, and which times they cover.

A summary is of whole minutes or hours. It is made again where a call that belongs to it comes later (`stale_minutes`),
as long as the rows it is made of are there. `marks` says up to when there are summaries.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

MINUTE_NS: Final = 60_000_000_000
HOUR_NS: Final = 3_600_000_000_000
MINUTE_TABLES: Final = ("call_minutes", "latency_minutes")
HOUR_TABLES: Final = ("call_hours", "latency_hours", "user_hours")
"""Made after the minutes: two of them are made of these, that of users of the spans."""
SUMMARISED: Final = "summarised"
"""The mark up to which whole minutes are summarised; hours, up to the last whole one before it."""
MOST_MINUTES: Final = 24 * 60
"""Minutes that one transaction takes on."""


class Stretch(NamedTuple):
    """A stretch of time, Unix ns; the end does not belong to it."""

    since_ns: int
    until_ns: int


@cache
def fill(table: str) -> str:
    """Return the statement that fills a summary for `$since_ns` to `$until_ns`."""
    lines = (resources.files(__name__) / f"{table}.sql").read_text("utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


def stretches(starts_ns: Iterable[int], step_ns: int) -> Sequence[Stretch]:
    """Return the stretches that steps of time make up, in order; steps that touch are one stretch.

    Args:
        starts_ns: Any time within each step.
        step_ns: Width of a step.
    """
    found: list[Stretch] = []
    for start_ns in sorted({start_ns - start_ns % step_ns for start_ns in starts_ns}):
        if found and found[-1].until_ns == start_ns:
            found[-1] = Stretch(found[-1].since_ns, start_ns + step_ns)
        else:
            found.append(Stretch(start_ns, start_ns + step_ns))
    return found
