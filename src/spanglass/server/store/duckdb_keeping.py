"""Keeping house in the embedded engine's file: what goes by age, what is erased to its bytes, copies and new prices."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from typing import Final, NamedTuple

import _duckdb as duckdb

from spanglass.errors import StoreUnavailable
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.duckdb_file import CHECKPOINT_THRESHOLD, FILE_NAME, REWRITING, sync
from spanglass.server.store.keeping import REWRITE_DUE, TABLES, By, Erased, Kept, Repriced, Subject
from spanglass.server.store.naming import EXEMPLARS, TRACE_IN_EXEMPLAR, spellings
from spanglass.server.store.rows import COST_COLUMNS, cost_fields, trace_key
from spanglass.server.store.summaries import HOUR_NS, MINUTE_NS

_FEW: Final = 1_000_000
"""Rows of a table that is rewritten in a second or two, so that old rows may go one by one."""
_LATE_NS: Final = 7 * 24 * HOUR_NS
"""How long an old row may stay in a larger table, for the sake of newer ones beside it."""
_NEVER: Final = 2**63 - 1
_GROUPS: Final = """
SELECT row_group_id, sum(count), list(stats)
FROM pragma_storage_info($table)
WHERE column_name = $time AND segment_type <> 'VALIDITY'
GROUP BY row_group_id
ORDER BY row_group_id
"""
_GROWING: Final = ("spans", "contents", "logs", "points", "scores", "batches", "stale_minutes")
"""What writing adds to; all else changes only where house is kept or summaries are made."""
_IN: Final = "trace_id IN (SELECT trace_id FROM erasing)"
_TRACES: Final = {
    By.USER: "SELECT DISTINCT trace_id FROM spans WHERE user_id = $id",
    By.SESSION: "SELECT DISTINCT trace_id FROM spans WHERE session_id = $id",
    By.TRACE: "SELECT $id AS trace_id",
}
_STALE: Final = f"""
INSERT INTO stale_minutes
SELECT DISTINCT start_ns - start_ns % {MINUTE_NS}, $now_ns FROM spans WHERE operation IS NOT NULL AND {_IN}
"""  # noqa: S608 - texts of our own
_NAMES_IT: Final = "list_has_any([contains({column}, name) FOR name IN $names], [true])"
_LEADS_THERE: Final = f"""
rowid IN (
  SELECT row FROM (
    SELECT rowid AS row, unnest(regexp_extract_all(details, $exemplar, 1)) AS trace_id
    FROM points WHERE contains(details, '"traceId"')
  ) WHERE {_IN}
)
"""  # noqa: S608
_WITHOUT_EXEMPLARS: Final = f"""
UPDATE points SET details = regexp_replace(details, $exemplars, '}}')
WHERE {_LEADS_THERE} OR {_NAMES_IT.format(column="details")}
"""  # noqa: S608
_NOTHING_REPRICED: Final = f"""
CREATE OR REPLACE TEMP TABLE repriced AS
SELECT trace_key, start_ns, trace_id, span_id, {", ".join(COST_COLUMNS)} FROM spans LIMIT 0
"""  # noqa: S608
_REPRICE: Final = f"""
UPDATE spans SET {", ".join(f"{name} = new.{name}" for name in COST_COLUMNS)}
FROM repriced AS new
WHERE spans.trace_key = new.trace_key AND spans.start_ns = new.start_ns AND spans.span_id = new.span_id
  AND spans.trace_id = new.trace_id AND spans.start_ns BETWEEN $first_ns AND $last_ns
"""  # noqa: S608


class _Group(NamedTuple):
    """A row group, which goes at the cost of nothing where all of it goes."""

    first: int
    behind: int
    latest_ns: int


class DuckDBKeeping:
    """Keeps the house of a DuckDB store; see `Keeping` for the contract.

    Age: DuckDB frees whole row groups, of 122,880 rows, for nothing, and rewrites a table where it takes single rows
    out. So in a table of more than a million rows an old row stays until its whole group is old, at most seven days.

    Erasing: deleted rows stay readable in the file's free blocks. What is left is therefore copied into a new file that
    takes the place of the old one; it needs as much free disk as the file has. Writers wait for the end of it alone.
    """

    def __init__(self, store: DuckDBStore) -> None:
        """Keep the house of a store, which its owner closes."""
        self._store = store

    def forget(self, kept: Kept, before_ns: int) -> int:
        """Remove rows older than a time; see `Keeping.forget`."""
        with self._store.lend() as cursor:
            _mark(cursor, f"{kept}_gone", before_ns)
            gone = 0
            for table, column in TABLES[kept]:
                with self._store.holding_writers():
                    groups = _groups(cursor, table, column)
                gone += _forget(cursor, table, column, groups, before_ns)
        if gone:
            self._free()
        return gone

    def tidy(self) -> None:
        """End what a crash has cut short; see `Keeping.tidy`."""
        path = self._store.path
        if path is None:
            return
        self._clear(path.parent / REWRITING)
        with self._store.lend() as cursor:
            due = cursor.execute("SELECT count(*) FROM marks WHERE name = $name", {"name": REWRITE_DUE}).fetchone()
        if due and due[0]:
            with self._store.holding_summaries():
                self._rewrite(path)

    def erase(self, subject: Subject) -> Erased:
        """Remove all of a subject's traces, bytes included; see `Keeping.erase`."""
        names = list(spellings(subject))
        path = self._store.path
        if path is not None:
            self._demand_room(path)
        with self._store.holding_summaries():
            with self._store.lend() as cursor:
                erased = _erase(cursor, subject, names)
            if path is not None:
                self._rewrite(path)
        return erased

    def backup(self, path: Path) -> int:
        """Copy the store into a new file; see `Keeping.backup`. It must lie in the directory for backups."""
        partial = path.with_name(f"{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._demand_room(path)
            with self._store.lend() as cursor, _attached(cursor, partial):
                _copy(cursor)
                cursor.execute("CHECKPOINT fresh")
            partial.replace(path)
            sync(path.parent)
            return path.stat().st_size
        except OSError as error:
            raise StoreUnavailable(f"The backup {path} cannot be written ({error.strerror}).") from error
        finally:
            for left in path.parent.glob(f"{partial.name}*"):
                left.unlink()

    def reprice(self, costs: Sequence[Repriced]) -> int:
        """Write new costs of calls; see `Keeping.reprice`."""
        if not costs:
            return 0
        with self._store.holding_summaries(), self._store.lend() as cursor, _transaction(cursor):
            cursor.execute(_NOTHING_REPRICED)
            appender = cursor.appender("repriced")  # a row by itself would take a millisecond
            appender.append_rows(
                [
                    (trace_key(new.trace_id), new.start_ns, new.trace_id, new.span_id, *cost_fields(new.cost))
                    for new in costs
                ]
            )
            appender.flush()
            starts = [row.start_ns for row in costs]
            done = cursor.execute(_REPRICE, {"first_ns": min(starts), "last_ns": max(starts)}).fetchone()
            cursor.execute(
                f"INSERT INTO stale_minutes SELECT DISTINCT start_ns - start_ns % {MINUTE_NS}, $now_ns FROM repriced",  # noqa: S608
                {"now_ns": time.time_ns()},
            )
            cursor.execute("DROP TABLE repriced")
        return int(done[0]) if done else 0

    def _free(self) -> None:
        """Give the room of removed rows back to the file; where a question is in the way, the next time."""
        with self._store.holding_writers(), self._store.lend() as cursor, suppress(duckdb.TransactionException):
            cursor.execute("CHECKPOINT")

    def _rewrite(self, path: Path) -> None:
        """Copy what is left into a new file that takes the place of this one; writers wait only for the end of it."""
        fresh = path.parent / REWRITING / FILE_NAME
        try:
            self._clear(fresh.parent)
            fresh.parent.mkdir()
            with ExitStack() as held:
                with self._store.lend() as cursor, _attached(cursor, fresh), _no_checkpoints(cursor):
                    ends = _copy(cursor)
                    held.enter_context(self._store.holding_writers())
                    _catch_up(cursor, ends)
                self._store.swap(fresh)
        except OSError as error:
            raise StoreUnavailable(
                f"A new file beside {path} cannot be written ({error.strerror}). What was erased is in no answer any "
                "more, but its bytes are in the file: free disk space and restart."
            ) from error
        finally:
            self._clear(fresh.parent)

    def _clear(self, directory: Path) -> None:
        shutil.rmtree(directory, ignore_errors=True)

    def _demand_room(self, path: Path) -> None:
        needed, free = self._store.size(), shutil.disk_usage(path.parent).free
        if free < needed:
            raise StoreUnavailable(
                f"A copy of the database needs {needed} bytes beside it and the disk has {free}: free some."
            )


@contextmanager
def _transaction(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    cursor.begin()
    try:
        yield
        cursor.commit()
    except BaseException:
        with suppress(duckdb.TransactionException):  # a failed commit has ended it
            cursor.rollback()
        raise


def _mark(cursor: duckdb.DuckDBPyConnection, name: str, until_ns: int) -> None:
    """Raise a mark; lower ones of its name go."""
    values = {"name": name, "until_ns": until_ns}
    with _transaction(cursor):
        cursor.execute("DELETE FROM marks WHERE name = $name AND until_ns < $until_ns", values)
        cursor.execute(
            "INSERT INTO marks SELECT $name, $until_ns "
            "WHERE NOT EXISTS (SELECT 1 FROM marks WHERE name = $name AND until_ns >= $until_ns)",
            values,
        )


def _forget(
    cursor: duckdb.DuckDBPyConnection, table: str, column: str, groups: Sequence[_Group], before_ns: int
) -> int:
    rows = groups[-1].behind - groups[0].first if groups else 0
    if rows <= _FEW:
        return _delete(cursor, table, f"{column} < $before_ns", {"before_ns": before_ns})
    gone = 0
    for group in takewhile(lambda group: group.latest_ns < before_ns, groups):
        bounds = {"first": group.first, "behind": group.behind, "before_ns": before_ns}
        gone += _delete(cursor, table, f"rowid >= $first AND rowid < $behind AND {column} < $before_ns", bounds)
    return gone + _delete(cursor, table, f"{column} < $before_ns", {"before_ns": before_ns - _LATE_NS})


def _groups(cursor: duckdb.DuckDBPyConnection, table: str, column: str) -> list[_Group]:
    """Return the row groups, oldest first; where single rows were removed, their borders may be told wrong.

    Nothing tells where a group begins. Their lengths are told, and the last ends where the table does, since what goes
    goes from the other end.
    """
    found = cursor.execute(_GROUPS, {"table": table, "time": column}).fetchall()
    behind = _end(cursor, table) + 1
    groups: list[_Group] = []
    for _, count, stats in reversed(found):
        latest = max(int(told.get("max", _NEVER)) for told in stats)  # where it is not told, it counts as new
        groups.append(_Group(behind - int(count), behind, latest))
        behind -= int(count)
    return groups[::-1]


def _delete(cursor: duckdb.DuckDBPyConnection, table: str, condition: str, values: Mapping[str, object]) -> int:
    row = cursor.execute(f"DELETE FROM {table} WHERE {condition}", dict(values)).fetchone()  # noqa: S608 - texts of our own
    return int(row[0]) if row else 0


def _erase(cursor: duckdb.DuckDBPyConnection, subject: Subject, names: list[str]) -> Erased:
    """Delete rows in one transaction, which also says that the bytes are still there."""
    named = {"names": names}
    with _transaction(cursor):
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE erasing AS {_TRACES[subject.by]}", {"id": subject.id})
        cursor.execute(_STALE, {"now_ns": time.time_ns()})
        exemplars = cursor.execute(
            _WITHOUT_EXEMPLARS, {**named, "exemplar": TRACE_IN_EXEMPLAR, "exemplars": EXEMPLARS}
        ).fetchone()
        answered = f"SELECT response_id FROM spans WHERE response_id IS NOT NULL AND {_IN}"  # noqa: S608
        in_attributes = _NAMES_IT.format(column="attributes")
        points = _delete(cursor, "points", in_attributes, named) + (int(exemplars[0]) if exemplars else 0)
        rows = {
            "points": points,
            "scores": _delete(cursor, "scores", f"{_IN} OR response_id IN ({answered})", {}),
            "logs": _delete(cursor, "logs", f"{_IN} OR {in_attributes}", named),
            "contents": _delete(cursor, "contents", _IN, {}),
            "user_hours": _delete(cursor, "user_hours", "user_id = $id", {"id": subject.id})
            if subject.by is By.USER
            else 0,
        }
        found = cursor.execute(f"SELECT count(DISTINCT trace_id) FROM spans WHERE {_IN}").fetchone()  # noqa: S608
        rows["spans"] = _delete(cursor, "spans", _IN, {})
        cursor.execute("DROP TABLE erasing")
        cursor.execute("INSERT INTO marks VALUES ($name, $now_ns)", {"name": REWRITE_DUE, "now_ns": time.time_ns()})
    return Erased(int(found[0]) if found else 0, rows)


@contextmanager
def _attached(cursor: duckdb.DuckDBPyConnection, path: Path) -> Iterator[None]:
    """Have a new database at hand as `fresh`."""
    quoted = str(path.resolve()).replace("'", "''")
    cursor.execute(f"ATTACH '{quoted}' AS fresh")
    try:
        yield
    finally:
        with suppress(duckdb.Error):  # one that a full disk made unusable has been detached
            cursor.execute("DETACH fresh")


@contextmanager
def _no_checkpoints(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let no checkpoint number rows anew."""
    cursor.execute("SET GLOBAL checkpoint_threshold = '1TiB'")
    try:
        yield
    finally:
        cursor.execute(f"SET GLOBAL checkpoint_threshold = '{CHECKPOINT_THRESHOLD}'")


def _copy(cursor: duckdb.DuckDBPyConnection) -> Mapping[str, int]:
    """Copy the database, as it stands at one moment; return the last row's number of each table that grows."""
    name = cursor.execute("SELECT current_database()").fetchone()
    with _transaction(cursor):
        ends = {table: _end(cursor, table) for table in _GROWING}
        cursor.execute(f"COPY FROM DATABASE {name[0] if name else ''} TO fresh")
    return ends


def _catch_up(cursor: duckdb.DuckDBPyConnection, ends: Mapping[str, int]) -> None:
    """Copy what was written since; writers wait."""
    with _transaction(cursor):
        for table, end in ends.items():
            cursor.execute(f"INSERT INTO fresh.{table} SELECT * FROM {table} WHERE rowid > $end", {"end": end})  # noqa: S608
        cursor.execute(f"DELETE FROM fresh.marks WHERE name = '{REWRITE_DUE}'")  # noqa: S608
    cursor.execute("CHECKPOINT fresh")


def _end(cursor: duckdb.DuckDBPyConnection, table: str) -> int:
    row = cursor.execute(f"SELECT max(rowid) FROM {table}").fetchone()  # noqa: S608 - a name of our own
    return int(row[0]) if row and row[0] is not None else -1
