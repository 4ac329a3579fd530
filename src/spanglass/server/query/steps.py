"""The range of a question, and the steps of an answer over time: those asked for, or some that people know."""

from __future__ import annotations

from typing import Final

from spanglass.errors import QueryError

MOST_STEPS: Final = 500
_GOOD_STEPS: Final = 60
_KNOWN_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400)
_SECOND: Final = 1_000_000_000


def demand_range(start_ns: int, end_ns: int) -> None:
    """Refuse a range that nothing can be in.

    Raises:
        QueryError: It is empty, or begins before 1970.
    """
    if not 0 <= start_ns < end_ns:
        raise QueryError("The range is empty; its end must be after its start.")


def asked_step(start_ns: int, end_ns: int, step_ns: int | None, *, most: int = MOST_STEPS) -> int:
    """Return the step, ns; by default one that gives at most 61 of them.

    Raises:
        QueryError: The range is empty, or has more than so many steps.
    """
    demand_range(start_ns, end_ns)
    step = good_step(start_ns, end_ns) if step_ns is None else step_ns
    if step <= 0 or (end_ns - start_ns) // step > most:
        raise QueryError(f"The range has more than {most} steps, or a step of 0; ask for a longer step.")
    return step


def good_step(start_ns: int, end_ns: int) -> int:
    """Return a step that people know, in ns, of which at most 60 cover the range."""
    for step_s in _KNOWN_S:
        if (end_ns - start_ns) <= step_s * _SECOND * _GOOD_STEPS:
            return step_s * _SECOND
    days = -(-(end_ns - start_ns) // (86_400 * _SECOND * _GOOD_STEPS))
    return days * 86_400 * _SECOND


def steps(start_ns: int, end_ns: int, step: int) -> range:
    """Return the steps of a range, as `sg_time_step` numbers them; the first and the last may be partial."""
    return range(start_ns // step, (end_ns - 1) // step + 1)
