"""The engine for teams that outgrow one machine: ClickHouse through clickhouse-connect's client interface."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Final, cast

from clickhouse_connect.driver.binding import format_str
from clickhouse_connect.driver.exceptions import ClickHouseError

from spanglass.errors import QueryError, StoreUnavailable
from spanglass.server.record import Batch
from spanglass.server.store.clickhouse_errors import refused, unavailable
from spanglass.server.store.clickhouse_schema import prepare
from spanglass.server.store.cluster import SUFFIX, Cluster
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
from spanglass.server.store.summaries import MINUTE_NS
from spanglass.server.store.summaries.rolling import make, plan

if TYPE_CHECKING:
    from clickhouse_connect.datatypes.base import ClickHouseType
    from clickhouse_connect.driver.client import Client

_PARAMETER: Final = re.compile(r"\$([a-z][a-z0-9_]*)")
_TYPES: Final = {bool: "Bool", int: "Int64", float: "Float64", str: "String", type(None): "Nullable(String)"}
_LATE_NS: Final = 2 * MINUTE_NS
_SETTLED_NS: Final = 3 * MINUTE_NS
"""Summaries are made up to so long ago; calls that come later than the time above are noted."""
_KNOWN: Final = "SELECT digest FROM batches WHERE digest IN (SELECT arrayJoin($digests))"
_SIZE: Final = "SELECT sum(bytes_on_disk) FROM {parts} WHERE active AND database = currentDatabase()"
_PARTITIONS: Final = (
    "SELECT partition_id, sum(rows) FROM {parts} WHERE active AND database = currentDatabase()"
    " AND table = {{table:String}} GROUP BY partition_id ORDER BY partition_id"
)
_READING: Final[Mapping[str, object]] = {
    "final": 1,  # merge what was written twice
    "do_not_merge_across_partitions_select_final": 1,  # by day: what is one and the same is of one day
    "use_skip_indexes_if_final": 1,  # rows that replace each other are equal in what the indexes hold
    "cast_keep_nullable": 1,  # unknown stays NULL through a CAST
    "join_use_nulls": 1,  # likewise through a join
    "max_query_size": 64 * 1024 * 1024,  # long lists of ids stand in the text
}
_READING_CLUSTER: Final[Mapping[str, object]] = {
    "distributed_product_mode": "global",  # a subquery is about all shards
    "optimize_skip_unused_shards": 1,  # one trace is on one shard
    "max_replica_delay_for_distributed_queries": 60,  # less than the time after which minutes are summarised
}
_WRITING: Final[Mapping[str, object]] = {
    "max_partitions_per_insert_block": 0,  # an import may be of many days
    "async_insert": 1,  # inserts of several spanglass servers become one part
    "wait_for_async_insert": 1,  # which is on the disk when this returns
}
_WRITING_CLUSTER: Final[Mapping[str, object]] = {
    "max_partitions_per_insert_block": 0,
    "async_insert": 0,  # before 26.2 such an insert does not wait for a quorum
    "distributed_foreground_insert": 1,  # on the shards when this returns, not in a queue of the server asked
    "insert_quorum": "auto",  # and on most replicas of each
}
_CHANGING: Final[Mapping[str, object]] = {
    "mutations_sync": 1,
    "insert_deduplicate": 0,  # a price that was there before is no insert sent again
    "allow_nondeterministic_mutations": 1,  # replicas ask so for any subquery; ours are lists
}
_LONGEST_PARAMETER: Final = 100_000
"""Characters; ClickHouse takes 128 KiB in a field of a request, unless its default profile says otherwise."""
_AT_ONCE: Final = 5
_Row = tuple["Field | Decimal", ...]


class ClickHouseStore:
    """A store in one ClickHouse database; see `Store` for the contract.

    What it cannot do: the tables of one write are inserted each for itself, so a write that fails part-way leaves rows
    behind; sending the same batch again replaces them. Spans that come again in another batch are merged when they are
    read, and `Written` counts them as stored.

    Attributes:
        replaces: A summary takes the place of the one before without a delete.
    """

    replaces = True

    def __init__(
        self,
        client: Client,
        *,
        time_limit_s: float = 30.0,
        cluster: Cluster | None = None,
        patient: Client | None = None,
    ) -> None:
        """Use a client's database, migrating it as needed.

        Args:
            client: From `clickhouse_connect.get_client`, without a session if it is one over HTTP: selects run beside
                each other. The store closes it.
            time_limit_s: Longest a select may run, seconds.
            cluster: Where tables are made; None for one server.
            patient: A client that waits long, for statements that rewrite tables; the store closes it too. None for the
                same.

        Raises:
            StoreUnavailable: The server cannot be reached, is too old or refuses.
            MigrationError: The database is newer than this program, or a migration failed.
        """
        self._client = client
        self._patient = patient or client
        self._closed = False
        self._time_limit_s = time_limit_s
        self._cluster = cluster
        self._settings = {
            **_READING,
            **(_READING_CLUSTER if cluster else {}),
            "max_execution_time": time_limit_s,
        }
        self._writing = _WRITING_CLUSTER if cluster else _WRITING
        self._types: dict[str, Sequence[ClickHouseType]] = {}
        with _translated():
            prepare(self._patient, cluster)
        self._inserters = ThreadPoolExecutor(_AT_ONCE, "spanglass-insert")

    def write(self, batches: Sequence[Batch]) -> Written:
        """Insert batches; see `Store.write` and the class for where this engine differs."""
        self._demand_open()
        sent = {batch.digest.hex(): batch for batch in reversed(batches)}
        with _translated():
            known = self._known(list(sent)) if sent else frozenset()
            fresh = {digest: batch for digest, batch in sent.items() if digest not in known}
            if fresh:
                self._insert_all(fresh)
        kept = [stored for batch in fresh.values() for stored in batch.spans]
        return Written.of(
            batches,
            spans=len(kept),
            logs=sum(len(batch.logs) for batch in fresh.values()),
            points=sum(len(batch.points) for batch in fresh.values()),
            kept=kept,
        )

    def select(self, sql: str, parameters: Mapping[str, Parameter]) -> Sequence[Row]:
        """Run one SELECT; see `Store.select`."""
        self._demand_open()
        try:
            text, bound = with_parameters(sql, parameters)
            result = self._client.query(text, parameters=dict(bound), settings=self._settings)
            return cast("Sequence[Row]", list(result.named_results()))
        except ClickHouseError as error:
            raise refused(error, self._time_limit_s) from error

    def roll_up(self, until_ns: int) -> int:
        """Make the summaries that are missing or stale; see `Store.roll_up`.

        Any server may do so, also several at once: the same rows take each other's place. What starts in the last
        minutes is left out, since another server may not have noted yet that it came late.
        """
        self._demand_open()
        until_ns = min(until_ns, time.time_ns() - _SETTLED_NS)
        done, more = 0, True
        with _translated():
            while more:
                todo = plan(self, until_ns)
                make(self, todo)
                done, more = done + todo.minutes_made, todo.more
        return done

    def run(self, sql: str, parameters: Mapping[str, Parameter]) -> None:
        """Run a statement that answers nothing; for making summaries.

        Raises:
            ClickHouseError: It failed.
        """
        for statement in (sql,) if self._cluster is None else self._cluster.statements(sql):
            text, bound = with_parameters(statement, parameters)
            self._patient.command(
                text, parameters=dict(bound), settings={**self._settings, **self._writing, **_CHANGING}
            )

    def size(self) -> int:
        """Return the bytes of active parts; of a cluster, those of one replica of each shard."""
        self._demand_open()
        parts = "system.parts" if self._cluster is None else f"cluster('{self._cluster.name}', system.parts)"
        with _translated():
            return int(self._client.query(_SIZE.format(parts=parts)).result_rows[0][0])

    def partitions(self, table: str) -> Mapping[str, int]:
        """Return the rows of each partition of a table; of a cluster, those of one replica of each shard."""
        self._demand_open()
        parts, name = "system.parts", table
        if self._cluster is not None:
            parts, name = f"cluster('{self._cluster.name}', system.parts)", f"{table}{SUFFIX}"
        with _translated():
            found = self._client.query(_PARTITIONS.format(parts=parts), parameters={"table": name})
        return {str(partition): int(rows) for partition, rows in found.result_rows}

    def close(self) -> None:
        """Close the client; safe to call twice."""
        if not self._closed:
            self._closed = True
            self._inserters.shutdown()
            self._client.close()
            self._patient.close()

    def _insert_all(self, fresh: Mapping[str, Batch]) -> None:
        """Insert the rows of batches, then the minutes of late calls, and the digests when all the rest is there."""
        token = hashlib.blake2b("".join(sorted(fresh)).encode(), digest_size=16).hexdigest()
        tables = [(table, columns, rows) for table, (columns, rows) in _tables(fresh).items() if rows]
        for inserted in [self._inserters.submit(self._insert, *table, token) for table in tables]:
            inserted.result()
        late = _late(fresh.values(), time.time_ns())
        if late:
            self._insert("stale_minutes", ("start_ns", "noted_ns"), late, token)
        digests = [(digest, batch.received_ns) for digest, batch in fresh.items()]
        self._insert("batches", ("digest", "received_ns"), digests, token)

    def _insert(self, table: str, columns: Sequence[str], rows: Sequence[_Row], token: str) -> None:
        """Insert rows; a token that a replicated table has seen lately adds nothing."""
        types = self._types.get(table)
        if types is None:  # asked once, not with every insert
            types = self._types[table] = self._client.create_insert_context(table, columns).column_types
        self._client.insert(
            table,
            rows,
            column_names=columns,
            column_types=types,
            settings={**self._writing, "insert_deduplication_token": token},
        )

    def _known(self, digests: Sequence[str]) -> frozenset[str]:
        text, bound = with_parameters(_KNOWN, {"digests": digests})
        found = self._client.query(text, parameters=dict(bound), settings=self._settings)
        return frozenset(str(row[0]) for row in found.result_rows)

    def _demand_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("The store in ClickHouse is closed; the server is shutting down.")


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the client's errors into ours."""
    try:
        yield
    except ClickHouseError as error:
        raise unavailable(error) from error


def with_parameters(sql: str, parameters: Mapping[str, Parameter]) -> tuple[str, Mapping[str, Parameter]]:
    """Return SQL in ClickHouse's form, and the parameters that go beside it.

    `$name` is written as `{name:Type}`, the type that of the value. A list that is too long for a field of a request
    is written out in its place, quoted by the client.

    Raises:
        QueryError: The SQL names a parameter that is not given.
    """
    beside = dict(parameters)

    def written(found: re.Match[str]) -> str:
        name = found[1]
        if name not in parameters:
            raise QueryError(f"A query cannot be run: no value is given for ${name}.")
        value = parameters[name]
        if isinstance(value, str) or not isinstance(value, Sequence):
            return f"{{{name}:{_TYPES[type(value)]}}}"
        if sum(len(text.encode()) + 3 for text in value) <= _LONGEST_PARAMETER:
            return f"{{{name}:Array(String)}}"
        beside.pop(name, None)
        return f"[{','.join(map(format_str, value))}]"

    return _PARAMETER.sub(written, sql), beside


def _tables(fresh: Mapping[str, Batch]) -> dict[str, tuple[Sequence[str], list[_Row]]]:
    """Return the columns and rows of each table but those of the digests and of late minutes."""
    rows = Rows()
    pairs = [rows.span(span, batch.received_ns) for batch in fresh.values() for span in batch.spans]
    spans = [_typed(row) for row, _ in pairs]
    contents: list[_Row] = [tame(content, CONTENT_COLUMNS) for _, content in pairs if content is not None]
    logs = _placed(fresh, lambda batch: [tame(rows.log(record), LOG_COLUMNS) for record in batch.logs])
    points = _placed(fresh, lambda batch: [tame(rows.point(point), POINT_COLUMNS) for point in batch.points])
    scores = _placed(fresh, lambda batch: [tame(rows.score(score), SCORE_COLUMNS) for score in batch.scores])
    return {
        "spans": (SPAN_COLUMNS, spans),
        "contents": (CONTENT_COLUMNS, contents),
        "logs": ((*LOG_COLUMNS, *_PLACE), logs),
        "points": ((*POINT_COLUMNS, *_PLACE), points),
        "scores": ((*SCORE_COLUMNS, *_PLACE), scores),
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


def _late(batches: Iterable[Batch], now_ns: int) -> list[_Row]:
    """Return rows that note the minutes of calls that may have been summarised already."""
    starts = {
        one.span.start_ns - one.span.start_ns % MINUTE_NS
        for batch in batches
        for one in batch.spans
        if one.facts.call is not None and one.span.start_ns < now_ns - _LATE_NS
    }
    return [(start_ns, now_ns) for start_ns in sorted(starts)]
