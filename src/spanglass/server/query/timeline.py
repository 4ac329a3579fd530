"""The shape of a trace: its tree, whatever is missing or crossed in it, and which kind of work each instant goes to."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

OTHER: Final = "other"


class Interval(NamedTuple):
    """What of a span the shape needs; times in Unix nanoseconds."""

    span_id: str
    parent_span_id: str | None
    start_ns: int
    end_ns: int
    work: str


def tree_order(intervals: Sequence[Interval]) -> list[tuple[int, int]]:
    """Return (place, depth) of every interval, parents before children, siblings by start.

    A span whose parent is absent stands as a root. Of spans that are each other's ancestors, which only a broken or
    hostile producer sends, the earliest stands as a root.

    Args:
        intervals: In order of start.
    """
    places: dict[str, int] = {}
    for place, interval in enumerate(intervals):
        places.setdefault(interval.span_id, place)
    children: dict[int, list[int]] = {}
    roots = []
    for place, interval in enumerate(intervals):
        parent = None if interval.parent_span_id is None else places.get(interval.parent_span_id)
        if parent is None:
            roots.append(place)
        else:
            children.setdefault(parent, []).append(place)
    order: list[tuple[int, int]] = []
    seen: set[int] = set()
    for root in (*roots, *range(len(intervals))):
        if root not in seen:
            order.extend(_descend(root, children, seen))
    return order


def _descend(root: int, children: Mapping[int, Sequence[int]], seen: set[int]) -> Iterator[tuple[int, int]]:
    stack = [(root, 0)]
    while stack:
        place, depth = stack.pop()
        if place not in seen:
            seen.add(place)
            yield place, depth
            stack.extend((child, depth + 1) for child in reversed(children.get(place, ())))


def time_by_work(intervals: Sequence[Interval], depths: Mapping[int, int]) -> dict[str, int]:
    """Return nanoseconds by kind of work, most first; they sum to the time from the earliest start to the latest end.

    Each instant goes to the deepest span that covers it, the latest started of several; gaps go to `other`.

    Args:
        intervals: In order of start.
        depths: Depth of each interval, by its place.
    """
    spent: dict[str, int] = {}
    running: list[tuple[int, int, int, str]] = []
    times = sorted({time for interval in intervals for time in (interval.start_ns, interval.end_ns)})
    arriving = 0
    for now, until in pairwise(times):
        while arriving < len(intervals) and intervals[arriving].start_ns <= now:
            interval = intervals[arriving]
            heapq.heappush(running, (-depths[arriving], -arriving, interval.end_ns, interval.work))
            arriving += 1
        while running and running[0][2] <= now:
            heapq.heappop(running)
        work = running[0][3] if running else OTHER
        spent[work] = spent.get(work, 0) + until - now
    return dict(sorted(spent.items(), key=lambda part: (-part[1], part[0])))
