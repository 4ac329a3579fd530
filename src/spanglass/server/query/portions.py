"""Cuts a range of any size into portions of few rows and bytes, so that all of it can be read in little memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from spanglass.server.query.figures import count
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Parameter, Store

_WIDTH_NS: Final = 60 * 1_000_000_000


class Source(NamedTuple):
    """What is cut.

    Attributes:
        table: Its name.
        time: The column that orders it.
        size: SQL for the bytes of a row, about.
        conditions: Conditions on a row, each with its AND; fixed texts.
        parameters: Their values.
        beside: Another table with rows of the same times, whose bytes count too; `size` fits both.
    """

    table: str
    time: str
    size: str
    conditions: str
    parameters: Mapping[str, Parameter]
    beside: str | None = None


class Portion(NamedTuple):
    """A stretch of time, and of the rows in it how many to skip and to read.

    Attributes:
        since_ns: Start, inclusive, Unix ns.
        until_ns: End, exclusive, Unix ns.
        skip: Rows to skip; more than 0 only where many have one time.
        rows: Rows to read.
    """

    since_ns: int
    until_ns: int
    skip: int
    rows: int


def portions(store: Store, source: Source, *, start_ns: int, end_ns: int, rows: int, size: int) -> Iterator[Portion]:
    """Yield portions that together hold everything in a range, in its order.

    Args:
        store: Where it is.
        source: What is cut.
        start_ns: Start, inclusive.
        end_ns: End, exclusive.
        rows: Most rows of a portion.
        size: Most bytes of a portion, but for single rows that are larger.
    """
    gaps = {"time": source.time, "size": source.size, "table": source.table, "conditions": source.conditions}
    sizes, next_time = statement("portions", **gaps), statement("portions_next", **gaps)
    since_ns, width_ns = start_ns, _WIDTH_NS
    while since_ns < end_ns:
        until_ns = min(since_ns + width_ns, end_ns)
        bounds = {**source.parameters, "since_ns": since_ns, "until_ns": until_ns}
        found = [
            (count(row["moment"]), count(row["bytes"])) for row in store.select(sizes, {**bounds, "most": rows + 1})
        ]
        if found and source.beside is not None:
            found = _weighed(found, _sizes(store, source, since_ns, found[-1][0] + 1))
        if not found:
            later = store.select(next_time, {**bounds, "since_ns": until_ns, "until_ns": end_ns})[0]["moment"]
            moment = count(later)
            if until_ns >= end_ns or moment < until_ns:  # of nothing, ClickHouse's least is 0
                return
            since_ns, width_ns = moment, width_ns * 2
            continue
        taken = _fitting(found, rows, size)
        if taken == len(found):
            yield Portion(since_ns, until_ns, 0, taken)
            since_ns, width_ns = until_ns, width_ns * 2 if taken * 2 < rows else width_ns
        elif taken:
            until_ns = found[taken][0]
            yield Portion(since_ns, until_ns, 0, taken)
            since_ns, width_ns = until_ns, max(1, until_ns - since_ns)
        else:
            yield from _of_one_time(store, sizes, {**source.parameters}, found[0][0], rows)
            since_ns = found[0][0] + 1


def _sizes(store: Store, source: Source, since_ns: int, until_ns: int) -> dict[int, int]:
    """Return the bytes beside each time."""
    sql = statement("portions_beside", time=source.time, size=source.size, table=source.beside or "")
    rows = store.select(sql, {"since_ns": since_ns, "until_ns": until_ns})
    return {count(row["moment"]): count(row["bytes"]) for row in rows}


def _weighed(found: list[tuple[int, int]], beside: Mapping[int, int]) -> list[tuple[int, int]]:
    """Return times and sizes, each time's other bytes with the first of its rows."""
    firsts = {moment: place for place, (moment, _) in reversed(list(enumerate(found)))}
    return [
        (moment, size + (beside.get(moment, 0) if firsts[moment] == place else 0))
        for place, (moment, size) in enumerate(found)
    ]


def _fitting(found: list[tuple[int, int]], rows: int, size: int) -> int:
    """Return how many of the first fit, none of one time left behind; 0 where those of the first time do not."""
    taken = total = 0
    for _, one in found:
        total += one
        if taken == rows or (taken and total > size):
            break
        taken += 1
    if taken == len(found):
        return taken
    while taken and found[taken - 1][0] == found[taken][0]:
        taken -= 1
    return taken


def _of_one_time(
    store: Store, sizes: str, parameters: dict[str, Parameter], time_ns: int, rows: int
) -> Iterator[Portion]:
    """Yield portions of what has one and the same time, a part at a time."""
    skip = 0
    while True:
        bounds = {**parameters, "since_ns": time_ns, "until_ns": time_ns + 1, "most": skip + rows}
        there = len(store.select(sizes, bounds)) - skip
        if there > 0:
            yield Portion(time_ns, time_ns + 1, skip, there)
        if there < rows:
            return
        skip += rows
