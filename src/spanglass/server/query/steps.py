"""The step that an answer over time has: the one that is asked for, or one that people know."""

from __future__ import annotations

from typing import Final

from spanglass.errors import QueryError
from spanglass.server.query.overview import good_step

MOST_STEPS: Final = 500


def asked_step(start_ns: int, end_ns: int, step_ns: int | None) -> int:
    """Return the step, ns; by default one that gives at most 61 of them.

    Raises:
        QueryError: The range is empty, or has more than 500 such steps.
    """
    if not 0 <= start_ns < end_ns:
        raise QueryError("The range is empty; its end must be after its start.")
    step = good_step(start_ns, end_ns) if step_ns is None else step_ns
    if step <= 0 or (end_ns - start_ns) // step > MOST_STEPS:
        raise QueryError(f"The range has more than {MOST_STEPS} steps, or a step of 0; ask for a longer step.")
    return step


def steps(start_ns: int, end_ns: int, step: int) -> range:
    """Return the steps of a range, as `sg_time_step` numbers them; the first and the last may be partial."""
    return range(start_ns // step, (end_ns - 1) // step + 1)
