"""The engine for teams that outgrow one machine: ClickHouse through clickhouse-connect's client interface."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final, cast

from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, OperationalError

from spanglass.errors import MigrationError, QueryError, StoreUnavailable
from spanglass.server.record import Batch
from spanglass.server.store.protocol import Parameter, Row, Written
from spanglass.server.store.rows import (
    CONTENT_COLUMNS,
    LOG_COLUMNS,
    MONEY_COLUMNS,
    POINT_COLUMNS,
    SCORE_COLUMNS,
    SPAN_COLUMNS,
    Field,
    Rows,
    tame,
)
from spanglass.server.store.schema import pending, vocabulary
from spanglass.server.store.summaries import MINUTE_NS
from spanglass.server.store.summaries.rolling import make, plan

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_PARAMETER: Final = re.compile(r"\$([a-z][a-z0-9_]*)")
_TOO_LONG: Final = 159
_TOO_MUCH_MEMORY: Final = 241
_TYPES: Final = {bool: "Bool", int: "Int64", float: "Float64", str: "String", type(None): "Nullable(String)"}
_LATE_NS: Final = 2 * MINUTE_NS
_SETTLED_NS: Final = 3 * MINUTE_NS
"""Summaries are made up to so long ago; calls that come later than the time above are noted."""
_KNOWN: Final = "SELECT digest FROM batches WHERE digest IN {digests:Array(String)}"
_SIZE: Final = "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()"
_UNREACHABLE: Final = "ClickHouse cannot be used: see that it runs and that the address, user and rights are correct"
_Row = tuple["Field | Decimal", ...]


class ClickHouseStore:
    """A store in one ClickHouse database; see `Store` for the contract.

    What it cannot do: the tables of one write are inserted one after the other, so a write that fails part-way leaves
    rows behind; sending the same batch again replaces them. Spans that come again in another batch are merged when
    they are read, and `Written` counts them as stored.
    """

    replaces = True

    def __init__(self, client: Client, *, time_limit_s: float = 30.0) -> None:
        """Use a client's database, migrating it as needed.

        Args:
            client: From `clickhouse_connect.get_client`; the store closes it.
            time_limit_s: Longest a select may run, seconds.

        Raises:
            StoreUnavailable: The server cannot be reached or refuses.
            MigrationError: The database is newer than this program, or a migration failed.
        """
        self._client = client
        self._closed = False
        self._time_limit_s = time_limit_s
        self._settings = {
            "final": 1,  # merge what was written twice
            "max_execution_time": time_limit_s,
            "cast_keep_nullable": 1,  # unknown stays NULL through a CAST
            "join_use_nulls": 1,  # likewise through a join
        }
        try:
            self._migrate()
            for statement in vocabulary("clickhouse"):
                client.command(statement)
        except ClickHouseError as error:
            raise StoreUnavailable(f"{_UNREACHABLE} ({_first_line(error)}).") from error

    def write(self, batches: Sequence[Batch]) -> Written:
        """Insert batches; see `Store.write` and the class for where this engine differs."""
        self._demand_open()
        sent = {batch.digest.hex(): batch for batch in reversed(batches)}
        try:
            known = self._known(list(sent)) if sent else frozenset()
            fresh = {digest: batch for digest, batch in sent.items() if digest not in known}
            for table, (columns, rows) in _tables(fresh).items():
                if rows:
                    self._client.insert(table, rows, column_names=columns)
            self._note_late(fresh.values())
        except ClickHouseError as error:
            raise StoreUnavailable(f"{_UNREACHABLE} ({_first_line(error)}).") from error
        return Written.of(
            batches,
            spans=sum(len(batch.spans) for batch in fresh.values()),
            logs=sum(len(batch.logs) for batch in fresh.values()),
            points=sum(len(batch.points) for batch in fresh.values()),
        )

    def select(self, sql: str, parameters: Mapping[str, Parameter]) -> Sequence[Row]:
        """Run one SELECT; see `Store.select`."""
        self._demand_open()
        try:
            result = self._client.query(
                typed_parameters(sql, parameters), parameters=dict(parameters), settings=self._settings
            )
            return cast("Sequence[Row]", list(result.named_results()))
        except OperationalError as error:
            raise StoreUnavailable(f"{_UNREACHABLE} ({_first_line(error)}).") from error
        except DatabaseError as error:
            raise self._refused(error) from error

    def roll_up(self, until_ns: int) -> int:
        """Make the summaries that are missing or stale; see `Store.roll_up`.

        Any server may do so, also several at once: the same rows take each other's place. What starts in the last
        minutes is left out, since another server may not have noted yet that it came late.
        """
        self._demand_open()
        until_ns = min(until_ns, time.time_ns() - _SETTLED_NS)
        done, more = 0, True
        try:
            while more:
                todo = plan(self, until_ns)
                make(self, todo)
                done, more = done + todo.minutes_made, todo.more
        except ClickHouseError as error:
            raise StoreUnavailable(f"{_UNREACHABLE} ({_first_line(error)}).") from error
        return done

    def run(self, sql: str, parameters: Mapping[str, Parameter]) -> None:
        """Run a statement that answers nothing; for making summaries.

        Raises:
            ClickHouseError: It failed.
        """
        self._client.command(
            typed_parameters(sql, parameters),
            parameters=dict(parameters),
            settings={**self._settings, "mutations_sync": 1},
        )

    def size(self) -> int:
        """Return the bytes of active parts."""
        self._demand_open()
        return self._number(_SIZE)

    def close(self) -> None:
        """Close the client; safe to call twice."""
        if not self._closed:
            self._closed = True
            self._client.close()

    def _note_late(self, batches: Iterable[Batch]) -> None:
        """Note the minutes of calls that may have been summarised already; after the calls are there."""
        now_ns = time.time_ns()
        starts = {
            one.span.start_ns - one.span.start_ns % MINUTE_NS
            for batch in batches
            for one in batch.spans
            if one.facts.call is not None and one.span.start_ns < now_ns - _LATE_NS
        }
        if starts:
            rows = [(start_ns, now_ns) for start_ns in sorted(starts)]
            self._client.insert("stale_minutes", rows, column_names=["start_ns", "noted_ns"])

    def _migrate(self) -> None:
        client = self._client
        client.command(
            "CREATE TABLE IF NOT EXISTS migrations (version Int32, name String, ran_at DateTime DEFAULT now())"
            " ENGINE = ReplacingMergeTree ORDER BY version"
        )
        version = self._number("SELECT max(version) FROM migrations")
        for migration in pending("clickhouse", version, "in ClickHouse"):
            try:
                for statement in migration.statements:
                    client.command(statement)
                client.insert("migrations", [(migration.version, migration.name)], column_names=["version", "name"])
            except DatabaseError as error:
                raise MigrationError(
                    f"Migration {migration.name} failed in ClickHouse: {_first_line(error)}. "
                    "Its statements may be run again; correct the cause and restart."
                ) from error

    def _known(self, digests: Sequence[str]) -> frozenset[str]:
        result = self._client.query(_KNOWN, parameters={"digests": list(digests)})
        return frozenset(row[0] for row in result.result_rows)

    def _number(self, sql: str) -> int:
        return int(self._client.query(sql).result_rows[0][0])

    def _demand_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("The store in ClickHouse is closed; the server is shutting down.")

    def _refused(self, error: DatabaseError) -> QueryError:
        code = getattr(error, "code", None)
        if code == _TOO_LONG:
            return QueryError(
                f"A query took longer than {self._time_limit_s:g} s and was stopped; "
                "choose a shorter time range or more filters."
            )
        if code == _TOO_MUCH_MEMORY:
            return QueryError("A query needs more memory than ClickHouse allows it; choose a shorter time range.")
        return QueryError(f"A query cannot be run: {_first_line(error)}.")


def typed_parameters(sql: str, parameters: Mapping[str, Parameter]) -> str:
    """Return SQL with `$name` written as ClickHouse's `{name:Type}`, the type that of the value.

    Raises:
        QueryError: The SQL names a parameter that is not given.
    """

    def typed(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in parameters:
            raise QueryError(f"A query cannot be run: no value is given for ${name}.")
        return f"{{{name}:{_TYPES.get(type(parameters[name]), 'Array(String)')}}}"

    return _PARAMETER.sub(typed, sql)


def _tables(fresh: Mapping[str, Batch]) -> dict[str, tuple[Sequence[str], list[_Row]]]:
    """Return the rows of each table, the digests last: a batch counts as written when all of it is."""
    rows = Rows()
    pairs = [rows.span(span, batch.received_ns) for batch in fresh.values() for span in batch.spans]
    spans = [_typed(row) for row, _ in pairs]
    contents: list[_Row] = [tame(content, CONTENT_COLUMNS) for _, content in pairs if content is not None]
    logs = _placed(fresh, lambda batch: [tame(rows.log(record), LOG_COLUMNS) for record in batch.logs])
    points = _placed(fresh, lambda batch: [tame(rows.point(point), POINT_COLUMNS) for point in batch.points])
    scores = _placed(fresh, lambda batch: [tame(rows.score(score), SCORE_COLUMNS) for score in batch.scores])
    digests: list[_Row] = [(digest, batch.received_ns) for digest, batch in fresh.items()]
    return {
        "spans": (SPAN_COLUMNS, spans),
        "contents": (CONTENT_COLUMNS, contents),
        "logs": ((*LOG_COLUMNS, *_PLACE), logs),
        "points": ((*POINT_COLUMNS, *_PLACE), points),
        "scores": ((*SCORE_COLUMNS, *_PLACE), scores),
        "batches": (("digest", "received_ns"), digests),
    }


def _placed(fresh: Mapping[str, Batch], rows_of: Callable[[Batch], list[tuple[Field, ...]]]) -> list[_Row]:
    """Return rows of what has no id of its own, each with its batch and its place in it."""
    return [(*row, digest, place) for digest, batch in fresh.items() for place, row in enumerate(rows_of(batch))]


_PLACE: Final = ("batch", "place")
_MONEY: Final = tuple(SPAN_COLUMNS.index(name) for name in MONEY_COLUMNS)


def _typed(row: Sequence[Field]) -> _Row:
    """Return a span's row as the client takes it: tamed, for it checks little, and money as Decimal."""
    typed: list[Field | Decimal] = list(tame(row, SPAN_COLUMNS))
    for place in _MONEY:
        if isinstance(amount := typed[place], str):
            typed[place] = Decimal(amount)
    return tuple(typed)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")
