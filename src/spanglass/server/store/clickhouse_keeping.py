"""Keeping house in ClickHouse: days go whole, what is erased is rewritten by mutations, new prices replace rows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from clickhouse_connect.driver.exceptions import ClickHouseError

from spanglass.errors import QueryError
from spanglass.server.store.clickhouse import ClickHouseStore
from spanglass.server.store.clickhouse_errors import unavailable
from spanglass.server.store.keeping import TABLES, By, Erased, Kept, Repriced, Subject
from spanglass.server.store.naming import EXEMPLARS, TRACE_IN_EXEMPLAR, spellings
from spanglass.server.store.protocol import Cell, Parameter
from spanglass.server.store.rows import COST_COLUMNS, SPAN_COLUMNS, cost_fields
from spanglass.server.store.summaries import HOUR_NS, HOUR_TABLES, MINUTE_NS, MINUTE_TABLES

_MOST_TRACES: Final = 5_000
"""Traces that one round of mutations takes on; each rewrites the parts they are in."""
_ABOUT: Final = {By.USER: "user_id = $id", By.SESSION: "session_id = $id", By.TRACE: "trace_id = $id"}
_THESE: Final = "has($ids, trace_id)"
_THESE_OR_NONE: Final = "has($ids, ifNull(trace_id, ''))"
_NAMES_IT: Final = "multiSearchAny({column}, $names)"
_LEADS_THERE: Final = "hasAny(extractAll(ifNull(details, ''), $exemplar), $ids)"
_MINUTE: Final = f"intDiv(start_ns, {MINUTE_NS}) * {MINUTE_NS}"
_HOUR: Final = f"intDiv(start_ns, {HOUR_NS}) * {HOUR_NS}"
_KEPT_COLUMNS: Final = [name for name in SPAN_COLUMNS if name not in COST_COLUMNS]
_MONEY: Final = frozenset({"cost_amount", "cost_input", "cost_output"})
_REPRICE: Final = f"""
INSERT INTO spans ({", ".join(_KEPT_COLUMNS)}, {", ".join(COST_COLUMNS)})
SELECT {", ".join(_KEPT_COLUMNS)}, {{costs}}
FROM (
  SELECT *, indexOf($keys, concat(trace_id, span_id, toString(start_ns))) AS place
  FROM spans
  WHERE start_ns BETWEEN $first_ns AND $last_ns AND has($traces, trace_id)
)
WHERE place > 0
"""  # noqa: S608 - names of our own


class ClickHouseKeeping:
    """Keeps the house of a ClickHouse store; see `Keeping` for the contract.

    Age: what is old goes a day at a time (scores and hours: a month), so a row stays up to a day longer.

    Erasing: mutations rewrite the parts in which the rows are, and this waits for them; ClickHouse removes the old
    parts' files some minutes after (`old_parts_lifetime`, 8 minutes). Traces go in rounds of 5,000.

    What it cannot do: make a backup file. ClickHouse's own `BACKUP DATABASE ... TO` does.
    """

    def __init__(self, store: ClickHouseStore) -> None:
        """Keep the house of a store, which its owner closes."""
        self._store = store

    def forget(self, kept: Kept, before_ns: int) -> int:
        """Remove the days, or months, that lie before a time; see `Keeping.forget`."""
        self._run("INSERT INTO marks (name, until_ns) SELECT $name, $ns", {"name": f"{kept}_gone", "ns": before_ns})
        return sum(self._forget(table, before_ns) for table, _ in TABLES[kept])

    def tidy(self) -> None:
        """Do nothing: what a mutation has begun, ClickHouse ends."""

    def erase(self, subject: Subject) -> Erased:
        """Remove all of a subject's traces; see `Keeping.erase`."""
        names: Parameter = list(spellings(subject))
        rows = dict.fromkeys(("points", "scores", "logs", "contents", "user_hours", "spans"), 0)
        if subject.by is By.USER:  # first, while it can be told how many there are
            rows["user_hours"] += self._delete("user_hours", "user_id = $id", {"id": subject.id})
        traces = 0
        found = "SELECT DISTINCT trace_id FROM spans WHERE {about} ORDER BY trace_id LIMIT $most"
        while ids := [
            str(row["trace_id"])
            for row in self._store.select(
                found.replace("{about}", _ABOUT[subject.by]), {"id": subject.id, "most": _MOST_TRACES}
            )
        ]:
            traces += len(ids)
            self._erase_traces(ids, rows)
        if subject.by is By.TRACE and not traces:
            self._erase_traces([subject.id], rows)  # what came without any span
        in_attributes = {"names": names}
        rows["logs"] += self._delete("logs", _NAMES_IT.format(column="attributes"), in_attributes)
        rows["points"] += self._delete("points", _NAMES_IT.format(column="attributes"), in_attributes)
        rows["points"] += self._without_exemplars(_NAMES_IT.format(column="ifNull(details, '')"), in_attributes)
        return Erased(traces, rows)

    def backup(self, path: Path) -> int:
        """Say what makes a backup here; see `Keeping.backup`."""
        raise QueryError(
            f"ClickHouse makes its own backups, so {path.name} was not written: BACKUP DATABASE ... TO Disk(...) or "
            "S3(...), as an administrator of ClickHouse."
        )

    def reprice(self, costs: Sequence[Repriced]) -> int:
        """Write new costs of calls; see `Keeping.reprice`."""
        if not costs:
            return 0
        keys = [f"{new.trace_id}{new.span_id}{new.start_ns}" for new in costs]
        starts = [new.start_ns for new in costs]
        where: dict[str, Parameter] = {
            "keys": keys,
            "traces": sorted({new.trace_id for new in costs}),
            "first_ns": min(starts),
            "last_ns": max(starts),
        }
        columns = zip(*(cost_fields(new.cost) for new in costs), strict=True)
        for name, cells in zip(COST_COLUMNS, columns, strict=True):
            where[name] = ["" if cell is None else str(cell) for cell in cells]
        stored = self._count(
            "spans",
            "start_ns BETWEEN $first_ns AND $last_ns AND has($traces, trace_id)"
            " AND has($keys, concat(trace_id, span_id, toString(start_ns)))",
            {name: where[name] for name in ("keys", "traces", "first_ns", "last_ns")},
        )
        self._run(_REPRICE.replace("{costs}", ", ".join(_cost_of(name) for name in COST_COLUMNS)), where)
        self._note_stale(sorted({start - start % MINUTE_NS for start in starts}))
        return stored

    def _forget(self, table: str, before_ns: int) -> int:
        """Drop the partitions of a table that lie wholly before a time."""
        before = datetime.fromtimestamp(before_ns / 1e9, UTC)
        days = {8: f"{before:%Y%m%d}", 6: f"{before:%Y%m}"}
        gone = 0
        for partition, rows in self._store.partitions(table).items():
            if partition < days.get(len(partition), ""):
                self._run(f"ALTER TABLE {table} DROP PARTITION ID '{partition}'", {})
                gone += rows
        return gone

    def _erase_traces(self, ids: Sequence[str], rows: dict[str, int]) -> None:
        """Remove traces from every table, spans last: a round that is cut short is found again."""
        these: dict[str, Parameter] = {"ids": ids}
        called = f"{_THESE} AND operation IS NOT NULL"
        minutes = self._numbers(f"SELECT DISTINCT {_MINUTE} AS n FROM spans WHERE {called}", these)  # noqa: S608
        answered = [
            str(row["response_id"])
            for row in self._store.select(
                f"SELECT DISTINCT response_id FROM spans WHERE {_THESE} AND response_id IS NOT NULL",  # noqa: S608
                these,
            )
        ]
        rows["points"] += self._without_exemplars(_LEADS_THERE, {**these, "exemplar": TRACE_IN_EXEMPLAR})
        judged = f"{_THESE_OR_NONE} OR has($answered, ifNull(response_id, ''))"
        rows["scores"] += self._delete("scores", judged, {**these, "answered": answered})
        rows["logs"] += self._delete("logs", _THESE_OR_NONE, these)
        rows["contents"] += self._delete("contents", _THESE, these)
        self._note_stale(minutes)  # also before: were this cut short, nothing would tell that summaries are gone
        self._unsummarise(minutes)
        rows["spans"] += self._delete("spans", _THESE, these)
        self._note_stale(minutes)

    def _unsummarise(self, minutes: Sequence[int]) -> None:
        """Remove summaries that will be made again: those that nothing replaces would stay."""
        gone = self._numbers("SELECT max(until_ns) AS n FROM marks WHERE name = 'spans_gone'", {})
        there = [minute for minute in minutes if not gone or minute >= gone[0]]
        if not there:
            return
        bounds: dict[str, Parameter] = {"first_ns": min(there) - min(there) % HOUR_NS, "last_ns": max(there)}
        for tables, step, starts in (
            (MINUTE_TABLES, _MINUTE, there),
            (HOUR_TABLES, _HOUR, sorted({minute - minute % HOUR_NS for minute in there})),
        ):
            wanted: dict[str, Parameter] = {**bounds, "starts": [str(start) for start in starts]}
            for table in tables:
                self._delete(
                    table, f"start_ns BETWEEN $first_ns AND $last_ns AND has($starts, toString({step}))", wanted
                )

    def _note_stale(self, minutes: Sequence[int]) -> None:
        if minutes:
            self._run(
                "INSERT INTO stale_minutes (start_ns, noted_ns) SELECT toInt64(arrayJoin($minutes)), $now_ns",
                {"minutes": [str(minute) for minute in minutes], "now_ns": time.time_ns()},
            )

    def _without_exemplars(self, which: str, values: Mapping[str, Parameter]) -> int:
        count = self._count("points", which, values)
        if count:
            change = f"ALTER TABLE points UPDATE details = replaceRegexpOne(details, $exemplars, '}}') WHERE {which}"
            self._run(change, {**values, "exemplars": EXEMPLARS})
        return count

    def _delete(self, table: str, which: str, values: Mapping[str, Parameter]) -> int:
        """Remove rows by rewriting the parts they are in; return how many there were."""
        count = self._count(table, which, values)
        if count:
            self._run(f"ALTER TABLE {table} DELETE WHERE {which}", values)
        return count

    def _count(self, table: str, which: str, values: Mapping[str, Parameter]) -> int:
        return self._numbers(f"SELECT count() AS n FROM {table} WHERE {which}", values)[0]  # noqa: S608 - texts of our own

    def _numbers(self, sql: str, values: Mapping[str, Parameter]) -> list[int]:
        cells: list[Cell] = [row["n"] for row in self._store.select(sql, values)]
        return [cell for cell in cells if isinstance(cell, int)]

    def _run(self, sql: str, values: Mapping[str, Parameter]) -> None:
        with _translated():
            self._store.run(sql, values)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ClickHouseError as error:
        raise unavailable(error) from error


def _cost_of(name: str) -> str:
    if name in _MONEY:
        return f"toDecimal128OrNull(${name}[place], 18)"
    return f"nullIf(${name}[place], '')"
