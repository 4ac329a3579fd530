"""The embedded engine: one DuckDB file, written through Appenders; knows nothing of what the questions ask."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Final

# The extension module itself: the package around it imports a relation API we never call, 12 MB resident and 110 ms.
import _duckdb as duckdb

from spanglass.errors import MigrationError, QueryError, StoreError, StoreUnavailable
from spanglass.server.record import Batch
from spanglass.server.store.duckdb_file import File, cause, first_line, is_dead, lacks_memory
from spanglass.server.store.duckdb_rows import COLUMNS, SPAN_ID, START, TRACE_ID, contents_of, kept_of, tables_of, tamed
from spanglass.server.store.duckdb_spacing import Spacing, are_short, long_bytes
from spanglass.server.store.protocol import WINDOW, Parameter, Row, Written
from spanglass.server.store.rows import SPAN_COLUMNS, Field
from spanglass.server.store.schema import pending, vocabulary
from spanglass.server.store.summaries import MINUTE_NS, SUMMARISED
from spanglass.server.store.summaries.rolling import make, plan

_OPERATION: Final = SPAN_COLUMNS.index("operation")
_PATIENCE_S: Final = 20.0
"""How long a write waits while the file is rewritten; exporters wait 10 s for their answer, and send again."""
_MORE_MEMORY: Final = (1, 4, 16)
"""Times the memory that a file may take to be opened: those written before `Spacing` may need more than once it."""
_log = logging.getLogger("spanglass.server")

# The bounds keep the scan to the row groups of that time. Nearly always no two spans start in the same nanosecond: one
# column of whole numbers tells, in a third of the time that ids take where many senders' spans are of the same seconds.
_SAME_START: Final = """
SELECT DISTINCT start_ns FROM spans
WHERE start_ns BETWEEN $first AND $last AND start_ns IN (SELECT unnest($starts))
"""
_KNOWN: Final = """
SELECT start_ns, span_id, trace_id FROM spans
WHERE start_ns BETWEEN $first AND $last AND (start_ns, span_id) IN (SELECT unnest($starts), unnest($ids))
"""


class DuckDBStore:
    """A store in one file of a directory, or in memory; see `Store` for the contract.

    A span that comes again in another batch, with the same ids and start, is recognised when it is written and left
    out, so reading pays nothing for it.
    """

    def __init__(
        self, directory: Path | None, *, memory_mib: int = 96, threads: int = 2, time_limit_s: float = 30.0
    ) -> None:
        """Open the database, making and migrating it as needed.

        Args:
            directory: Where the file lives; made if absent. None keeps everything in memory, for tests.
            memory_mib: Memory DuckDB may use, MiB.
            threads: Threads a statement may use.
            time_limit_s: Longest a select may run, seconds.

        Raises:
            StoreUnavailable: The file cannot be opened: locked, corrupt, no rights, no space.
            MigrationError: The database is newer than this program, or a migration failed.
        """
        self._file = File(directory, memory_mib=memory_mib, threads=threads)
        self._where = self._file.where
        self._time_limit_s = time_limit_s
        self._closed = False
        self._writing = threading.Lock()
        self._rolling = threading.Lock()
        self._changed = threading.Condition()
        self._reading: set[duckdb.DuckDBPyConnection] = set()
        self._swapping = False
        with self._translated():
            self._open()

    def write(self, batches: Sequence[Batch]) -> Written:
        """Commit batches in one transaction; see `Store.write`."""
        try:
            return self._write_now(batches)
        except StoreUnavailable as error:
            if not self._revived(error.__cause__):
                raise
        return self._write_now(batches)  # what was committed before the database failed is known as such

    def select(self, sql: str, parameters: Mapping[str, Parameter]) -> Sequence[Row]:
        """Run one SELECT on a cursor of its own; see `Store.select`."""
        revived = False
        while True:
            try:
                with self._cursor() as cursor:
                    return _Runner(cursor).select(sql, parameters)
            except duckdb.Error as error:
                self._demand_open()
                if self._swapping and (isinstance(error, duckdb.InterruptException) or is_dead(error)):
                    continue
                if revived or not self._revived(error):
                    raise self._refused(error) from error
                revived = True

    def roll_up(self, until_ns: int) -> int:
        """Make the summaries that are missing or stale; see `Store.roll_up`."""
        done = 0
        with self._rolling, self._cursor(limited=False) as cursor, self._translated():
            more = True
            while more:
                count, more = self._roll(cursor, until_ns)
                done += count
        return done

    def size(self) -> int:
        """Return the bytes of the file and its write-ahead log; 0 in memory."""
        return self._file.size()

    @property
    def path(self) -> Path | None:
        """The file; None in memory."""
        return self._file.path

    @contextmanager
    def lend(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Lend a cursor to who keeps house: no time limit ends it, `close` does.

        Raises:
            StoreUnavailable: The store is closed, or the block met an error of DuckDB.
        """
        with self._cursor(limited=False) as cursor, self._translated():
            yield cursor

    @contextmanager
    def holding_summaries(self) -> Iterator[None]:
        """Let no summary be made while the block runs: tables then only grow, by what is written."""
        with self._rolling:
            self._demand_open()
            yield

    @contextmanager
    def holding_writers(self) -> Iterator[None]:
        """Let nothing be written while the block runs; writers wait, and are refused after a while."""
        with self._writing:
            self._demand_open()
            yield

    def swap(self, fresh: Path) -> None:
        """Put another file in the place of this one; called while summaries and writers are held and no cursor is lent.

        Questions that run are begun again, those that come meanwhile wait. At any moment one of the two files, whole,
        has the name.

        Raises:
            StoreUnavailable: It could not be done; where no file can be opened any more, the store is closed.
        """
        with self._changed:
            self._demand_open()
            self._swapping = True
            self._end_reading()
        try:
            with self._translated():
                self._connection.execute("CHECKPOINT")
                self._release()
                try:
                    self._file.take(fresh)
                finally:
                    self._reopen()
        finally:
            with self._changed:
                self._swapping = False
                self._changed.notify_all()

    def close(self) -> None:
        """Stop running selects, let a running write end, checkpoint and release the file; safe to call twice."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._end_reading()
        with self._writing, self._translated():
            self._release()

    def _end_reading(self) -> None:
        while self._reading:
            for cursor in self._reading:
                cursor.interrupt()  # again and again: one that has not begun to run does not hear it
            self._changed.wait(0.05)

    def _release(self) -> None:
        self._appenders.clear()
        self._lender.close()
        self._connection.close()

    def _open(self) -> None:
        """Open the file; where that needs more memory than it may use, once more with more, until it is in order.

        Raises:
            duckdb.Error, MigrationError: It cannot be opened.
        """
        for factor in _MORE_MEMORY:
            try:
                self._connection = self._file.open(factor)
            except duckdb.Error as error:
                if factor == _MORE_MEMORY[-1] or not lacks_memory(error):
                    raise
                continue
            try:
                self._migrate()
                self._prepare()
                if factor > 1 or self._is_dense():
                    self._settle()
            except (duckdb.Error, StoreError) as error:
                self._connection.close()
                if factor == _MORE_MEMORY[-1] or not lacks_memory(error):
                    raise
            else:
                return

    def _is_dense(self) -> bool:
        return any(spacing.held > 2 * self._file.vector_bytes for spacing in self._spacing.values())

    def _settle(self) -> None:
        """Have rows that lie too close to be written within the memory written once more, and never again."""
        self._connection.begin()
        for name in COLUMNS:
            self._appenders[name].append_rows(self._spacing[name].filling())
            self._appenders[name].flush()
        self._connection.commit()
        self._connection.execute("CHECKPOINT")
        self._file.lower(self._connection)
        _log.warning(
            "The database %s held long texts so close together that it needed more than its memory once; it has been "
            "put in order.",
            self._where,
        )

    def _revived(self, error: BaseException | None) -> bool:
        """Open a database anew that DuckDB has given up; tell whether it was that, and can be used again.

        Raises:
            StoreUnavailable: It cannot be opened; the next write or question tries again.
        """
        if not is_dead(error):
            return False
        with self._rolling, self._writing:
            if self._closed:
                return False
            if self._is_alive():  # another thread was first
                return True
            _log.error("The database %s failed (%s) and is opened anew", self._where, first_line(error))
            with self._changed:
                self._swapping = True
                self._end_reading()
            try:
                with suppress(duckdb.Error):
                    self._release()
                with self._translated():
                    self._open()
            finally:
                with self._changed:
                    self._swapping = False
                    self._changed.notify_all()
        return True

    def _is_alive(self) -> bool:
        try:
            self._connection.execute("SELECT 1")
        except duckdb.Error:
            return False
        return True

    def _reopen(self) -> None:
        """Open the file that has the name now; where that fails, the store is closed."""
        try:
            self._connection = self._file.open()
            self._prepare()
        except (StoreError, duckdb.Error):
            self._closed = True
            raise

    def _write_now(self, batches: Sequence[Batch]) -> Written:
        if not self._writing.acquire(timeout=_PATIENCE_S):
            raise StoreUnavailable(
                f"The database {self._where} is being rewritten, likely after an erasure; send the same again."
            )
        try:
            self._demand_open()
            return self._write(batches)
        finally:
            self._writing.release()

    def _write(self, batches: Sequence[Batch]) -> Written:
        fresh: dict[str, Batch] = {}
        for batch in batches:
            digest = batch.digest.hex()
            if digest not in self._digests:
                fresh.setdefault(digest, batch)
        if not fresh:
            return Written.of(batches, spans=0, logs=0, points=0)
        with self._translated():
            tables = tables_of(fresh.values())
            try:
                spans = self._commit(fresh, tables)
            except (duckdb.DataError, duckdb.ProgrammingError):
                spans = self._commit(fresh, {name: tamed(name, rows) for name, rows in tables.items()})
        self._remember(fresh)
        kept = kept_of([stored for batch in fresh.values() for stored in batch.spans], spans)
        return Written.of(batches, spans=len(spans), logs=len(tables["logs"]), points=len(tables["points"]), kept=kept)

    def _migrate(self) -> None:
        connection = self._connection
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations (version INTEGER NOT NULL, name VARCHAR NOT NULL, ran_at TIMESTAMP)"
        )
        row = connection.execute("SELECT max(version) FROM migrations").fetchone()
        version = row[0] if row and row[0] is not None else 0
        for migration in pending("duckdb", version, self._where):
            connection.begin()
            try:
                for statement in migration.statements:
                    connection.execute(statement)
                connection.execute(
                    "INSERT INTO migrations VALUES (?, ?, current_timestamp)", [migration.version, migration.name]
                )
                connection.commit()
            except duckdb.Error as error:
                connection.rollback()
                raise MigrationError(
                    f"Migration {migration.name} of {self._where} failed and was undone: {first_line(error)}. "
                    "The data is as it was; free disk space if that is the cause, else report this."
                ) from error

    def _prepare(self) -> None:
        connection = self._connection
        for statement in vocabulary("duckdb"):
            connection.execute(statement)
        latest = connection.execute(
            "SELECT digest, sequence FROM batches ORDER BY sequence DESC LIMIT ?", [WINDOW]
        ).fetchall()
        self._digests: dict[str, None] = dict.fromkeys(digest for digest, _ in reversed(latest))
        self._sequence: int = latest[0][1] if latest else 0
        connection.execute("DELETE FROM batches WHERE sequence <= ?", [self._sequence - WINDOW])
        self._lender = connection.cursor()  # a connection that runs nothing: a busy one refuses to make cursors
        self._spacing = {name: Spacing(columns, self._file.vector_bytes) for name, columns in COLUMNS.items()}
        for name, spacing in self._spacing.items():
            spacing.begin(long_bytes(connection, name, COLUMNS[name]))
        self._appenders = {name: connection.appender(name) for name in (*COLUMNS, "batches", "stale_minutes")}
        row = connection.execute("SELECT max(until_ns) FROM marks WHERE name = ?", [SUMMARISED]).fetchone()
        self._summarised_ns: int = row[0] if row and row[0] is not None else 0

    def _commit(
        self, fresh: Mapping[str, Batch], tables: Mapping[str, list[tuple[Field, ...]]]
    ) -> Sequence[tuple[Field, ...]]:
        """Write one transaction and return the rows of spans written; those in the file already are left out."""
        spans = self._unknown(tables["spans"])
        received = enumerate(fresh.items(), self._sequence + 1)
        digests: list[tuple[Field, ...]] = [(sequence, digest, b.received_ns) for sequence, (digest, b) in received]
        written = {**tables, "spans": spans, "batches": digests, "stale_minutes": self._late(spans)}
        if len(spans) < len(tables["spans"]):
            written["contents"] = contents_of(spans, tables["contents"])
        short = are_short(fresh.values())
        self._connection.begin()
        try:
            for name, rows in written.items():
                if rows:
                    self._appenders[name].append_rows(self._spaced(name, rows, short=short))
                    self._appenders[name].flush()
            self._connection.commit()
        except duckdb.Error:
            self._undo()
            raise
        return spans

    def _spaced(self, name: str, rows: Sequence[tuple[Field, ...]], *, short: bool) -> Sequence[tuple[Field, ...]]:
        spacing = self._spacing.get(name)
        if spacing is None:
            return rows
        if short:
            spacing.skip(len(rows))
            return rows
        return spacing.spaced(rows)

    def _roll(self, cursor: duckdb.DuckDBPyConnection, until_ns: int) -> tuple[int, bool]:
        """Make one round of summaries in a transaction; return its minutes, and whether there is more to do."""
        runner = _Runner(cursor)
        with self._writing:  # what is committed from now on is late where it starts before the end, and so noted
            self._summarised_ns = max(self._summarised_ns, until_ns)
            cursor.begin()
            cursor.execute("SELECT count(*) FROM marks")
        try:
            todo = plan(runner, until_ns)
            make(runner, todo)
            cursor.commit()
        except duckdb.Error:
            with suppress(duckdb.TransactionException):
                cursor.rollback()
            raise
        return todo.minutes_made, todo.more

    def _late(self, spans: Iterable[tuple[Field, ...]]) -> list[tuple[Field, ...]]:
        """Return rows that note the minutes, summarised or about to be, in which calls of these start."""
        now_ns = time.time_ns()
        late = {
            start_ns - start_ns % MINUTE_NS
            for row in spans
            if isinstance(start_ns := row[START], int)
            and start_ns < self._summarised_ns
            and row[_OPERATION] is not None
        }
        return [(start_ns, now_ns) for start_ns in sorted(late)]

    def _unknown(self, rows: Sequence[tuple[Field, ...]]) -> list[tuple[Field, ...]]:
        """Return the rows of spans that are neither in the file nor twice among these."""
        unknown = {(row[START], row[SPAN_ID], row[TRACE_ID]): row for row in reversed(rows)}
        if not unknown:
            return []
        for start_ns, span_id, trace_id in self._known(list(unknown)):
            unknown.pop((start_ns, span_id, trace_id), None)
        return list(unknown.values())

    def _known(self, keys: Sequence[tuple[Field, ...]]) -> Sequence[tuple[Field, ...]]:
        """Return those of these keys, and perhaps a few others, that are in the file: start, span and trace."""
        starts = [start_ns for start_ns, *_ in keys if isinstance(start_ns, int)]
        bounds = {"first": min(starts), "last": max(starts)}
        same = set(self._connection.execute(_SAME_START, {**bounds, "starts": starts}).fetchall())
        if not same:
            return []
        near = [key for key in keys if key[:1] in same]
        places = {"starts": [start_ns for start_ns, *_ in near], "ids": [span_id for _, span_id, _ in near]}
        return self._connection.execute(_KNOWN, {**bounds, **places}).fetchall()

    def _undo(self) -> None:
        for appender in self._appenders.values():
            appender.clear()
        for spacing in self._spacing.values():
            spacing.begin(self._file.vector_bytes)  # nothing is known of what lies last
        with suppress(duckdb.TransactionException):  # a failed commit has ended the transaction itself
            self._connection.rollback()

    def _remember(self, fresh: Mapping[str, Batch]) -> None:
        self._digests.update(dict.fromkeys(fresh))
        self._sequence += len(fresh)
        for digest in list(islice(self._digests, max(0, len(self._digests) - WINDOW))):
            del self._digests[digest]

    @contextmanager
    def _cursor(self, *, limited: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
        """Lend a cursor of its own, which `close` and, unless it is not limited, the time limit interrupt."""
        with self._changed:
            while self._swapping:
                self._changed.wait()
            self._demand_open()
            cursor = self._lender.cursor()
            self._reading.add(cursor)
        timer = threading.Timer(self._time_limit_s, self._interrupt, [cursor])
        timer.daemon = True
        if limited:
            timer.start()
        try:
            yield cursor
        finally:
            timer.cancel()
            with self._changed:
                self._reading.discard(cursor)
                cursor.close()
                self._changed.notify_all()

    def _interrupt(self, cursor: duckdb.DuckDBPyConnection) -> None:
        with self._changed:
            if cursor in self._reading:
                cursor.interrupt()

    def _demand_open(self) -> None:
        if self._closed:
            raise StoreUnavailable(f"The store {self._where} is closed; the server is shutting down.")

    def _refused(self, error: duckdb.Error) -> QueryError | StoreUnavailable:
        """Return what a failed select means: the asker's to change, or the store's end."""
        if isinstance(error, duckdb.InterruptException):
            return QueryError(
                f"A query took longer than {self._time_limit_s:g} s and was stopped; "
                "choose a shorter time range or more filters."
            )
        if isinstance(error, duckdb.OutOfMemoryException):
            return QueryError(
                "A query needs more memory than the store may use; choose a shorter time range or raise "
                "SPANGLASS_STORE_MEMORY_MIB."
            )
        if isinstance(error, duckdb.OperationalError | duckdb.InternalError | duckdb.FatalException):
            return StoreUnavailable(f"{cause(error, self._where)} ({first_line(error)})")
        return QueryError(f"A query cannot be run: {first_line(error)}.")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn DuckDB's errors into ours."""
        try:
            yield
        except duckdb.Error as error:
            raise StoreUnavailable(f"{cause(error, self._where)} ({first_line(error)})") from error


class _Runner:
    """What making summaries needs, on a cursor in a transaction."""

    replaces = False

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def select(self, sql: str, parameters: Mapping[str, Parameter]) -> Sequence[Row]:
        self._cursor.execute(sql, dict(parameters))
        names = [column[0] for column in self._cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in self._cursor.fetchall()]

    def run(self, sql: str, parameters: Mapping[str, Parameter]) -> None:
        self._cursor.execute(sql, dict(parameters))
