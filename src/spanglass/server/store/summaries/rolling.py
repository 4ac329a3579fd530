"""Making summaries: which minutes and hours want it, and the statements that do it; the engines run them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from spanglass.server.store.protocol import Cell, Parameter, Row
from spanglass.server.store.summaries import (
    HOUR_NS,
    HOUR_TABLES,
    MINUTE_NS,
    MINUTE_TABLES,
    MOST_MINUTES,
    SUMMARISED,
    Stretch,
    fill,
    stretches,
)

_MARKS: Final = "SELECT name, max(until_ns) AS until_ns FROM marks GROUP BY name"
_FRESH: Final = """
SELECT DISTINCT sg_time_step(start_ns, $minute_ns) AS minute
FROM spans
WHERE operation IS NOT NULL AND start_ns >= $since_ns AND start_ns < $until_ns
ORDER BY minute
LIMIT $most
"""
_STALE: Final = """
SELECT start_ns, sg_distinct_values(noted_ns) AS notes
FROM stale_minutes
WHERE start_ns < $until_ns
GROUP BY start_ns
ORDER BY start_ns
LIMIT $most
"""


_SETTLE: Final = """
DELETE FROM stale_minutes
WHERE concat(CAST(start_ns AS VARCHAR), ' ', CAST(noted_ns AS VARCHAR)) IN (SELECT sg_each($notes))
"""
"""All in one: a delete is dear in ClickHouse."""


class Runner(Protocol):
    """An engine as this sees it.

    Attributes:
        replaces: A summary row takes the place of one of the same time and dimensions, so none needs deleting first.
    """

    replaces: bool

    def select(self, sql: str, parameters: Mapping[str, Parameter]) -> Sequence[Row]:
        """Return the rows of a SELECT."""
        ...

    def run(self, sql: str, parameters: Mapping[str, Parameter]) -> None:
        """Run a statement that answers nothing."""
        ...


class Round(NamedTuple):
    """What one round makes.

    Attributes:
        minutes: Stretches of whole minutes.
        hours: Stretches of whole hours that end before the mark.
        user_hours: Those of them whose spans are still there.
        notes: Notes of minutes that are right afterwards, or cannot be made right: start and time of each.
        mark_ns: Up to when there are summaries afterwards.
        minutes_made: How many minutes.
        more: There is more to do.
    """

    minutes: Sequence[Stretch]
    hours: Sequence[Stretch]
    user_hours: Sequence[Stretch]
    notes: Sequence[tuple[int, int]]
    mark_ns: int
    minutes_made: int
    more: bool


def plan(runner: Runner, target_ns: int) -> Round:
    """Return what the next round makes, up to whole minutes before a time; at most some `MOST_MINUTES`."""
    marks = {str(row["name"]): _whole(row["until_ns"]) for row in runner.select(_MARKS, {})}
    mark_ns, gone_ns = marks.get(SUMMARISED, 0), marks.get("spans_gone", 0)
    target_ns = max(mark_ns, target_ns - target_ns % MINUTE_NS)
    bounds = {"since_ns": mark_ns, "until_ns": target_ns, "minute_ns": MINUTE_NS, "most": MOST_MINUTES}
    fresh = [_whole(row["minute"]) * MINUTE_NS for row in runner.select(_FRESH, bounds)]
    noted = runner.select(_STALE, {"until_ns": target_ns, "most": MOST_MINUTES})
    notes = [(_whole(row["start_ns"]), _whole(note)) for row in noted for note in _listed(row["notes"])]
    stale = {start_ns for start_ns, _ in notes}
    made = {*fresh, *_remade([minute for minute in stale if minute >= gone_ns], marks.get("minutes_gone", 0))}
    new_mark_ns = fresh[-1] + MINUTE_NS if len(fresh) == MOST_MINUTES else target_ns
    hours = {minute - minute % HOUR_NS for minute in (*made, mark_ns)}
    whole = [hour for hour in hours if hour + HOUR_NS <= new_mark_ns]
    return Round(
        minutes=stretches(made, MINUTE_NS),
        hours=stretches(whole, HOUR_NS),
        user_hours=stretches([hour for hour in whole if hour >= gone_ns], HOUR_NS),
        notes=notes,
        mark_ns=new_mark_ns,
        minutes_made=len(made),
        more=MOST_MINUTES in {len(fresh), len(noted)},
    )


def make(runner: Runner, todo: Round) -> None:
    """Make the summaries of a round; the mark comes last, so that one cut short is made again."""
    for tables, parts in (
        (MINUTE_TABLES, todo.minutes),
        (HOUR_TABLES[:2], todo.hours),
        (HOUR_TABLES[2:], todo.user_hours),
    ):
        for table in tables:
            for part in parts:
                bounds = {"since_ns": part.since_ns, "until_ns": part.until_ns}
                if not runner.replaces:
                    runner.run(f"DELETE FROM {table} WHERE start_ns >= $since_ns AND start_ns < $until_ns", bounds)  # noqa: S608 - a name of our own
                runner.run(fill(table), bounds)
    if todo.notes:
        runner.run(_SETTLE, {"notes": [f"{start_ns} {noted_ns}" for start_ns, noted_ns in todo.notes]})
    runner.run(
        "INSERT INTO marks (name, until_ns) SELECT $name, $mark_ns", {"name": SUMMARISED, "mark_ns": todo.mark_ns}
    )


def _remade(minutes: Sequence[int], minutes_gone_ns: int) -> set[int]:
    """Return the minutes to make for these: where the others of an hour are gone, all of them, for the hour's sake."""
    hours = {minute - minute % HOUR_NS for minute in minutes if minute < minutes_gone_ns}
    whole = {hour + number * MINUTE_NS for hour in hours for number in range(60)}
    return {*minutes, *whole}


def _listed(cell: Cell) -> Sequence[Cell]:
    return cell if isinstance(cell, Sequence) and not isinstance(cell, str) else ()


def _whole(cell: Cell) -> int:
    return int(cell) if isinstance(cell, int) else 0
