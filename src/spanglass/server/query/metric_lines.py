"""Many series become a few lines: what each adds to a step of time is joined by label, and small lines are folded."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeVar

MOST_LINES: Final = 50
"""Lines that stand for themselves; the rest becomes one."""
Added = TypeVar("Added")
Number = int | float


class Key(NamedTuple):
    """What tells a line: the value of the label it is grouped by, or that it holds what was folded."""

    label: str | None = None
    other: bool = False


OTHER: Final = Key(other=True)


@dataclass(frozen=True, slots=True)
class Measure(Generic[Added]):
    """How what series add is joined and read.

    Attributes:
        join: Of two in one step of a line.
        weight: How much it counts where lines are folded.
        read: To the number that is shown, of a step that covers so many seconds; None where it tells none.
    """

    join: Callable[[Added, Added], Added]
    weight: Callable[[Added], float]
    read: Callable[[Added, float], Number | None]


class Part(NamedTuple, Generic[Added]):
    """What one series, or several, add to one step of time."""

    series: int
    step: int
    added: Added


def lines_of(
    parts: Iterable[Part[Added]], keys: Mapping[int, Key], measure: Measure[Added]
) -> dict[Key, dict[int, Added]]:
    """Return what each line has in each step: the heaviest 50 lines, the heaviest first, then one of all others.

    Args:
        parts: In any order.
        keys: The line of each series; parts of other series belong to none and are left out.
        measure: How they are joined.
    """
    found: dict[Key, dict[int, Added]] = {}
    weights: dict[Key, float] = {}
    for part in parts:
        key = keys.get(part.series)
        if key is not None:
            _add(found.setdefault(key, {}), part.step, part.added, measure)
            weight = measure.weight(part.added)
            weights[key] = weights.get(key, 0.0) + (abs(weight) if math.isfinite(weight) else 0.0)
    order = sorted(found, key=lambda key: (-weights[key], key.label is None, key.label or ""))
    lines = {key: found[key] for key in order[:MOST_LINES]}
    for key in order[MOST_LINES:]:
        for step, added in found[key].items():
            _add(lines.setdefault(OTHER, {}), step, added, measure)
    return lines


def _add(line: dict[int, Added], step: int, added: Added, measure: Measure[Added]) -> None:
    line[step] = measure.join(line[step], added) if step in line else added
