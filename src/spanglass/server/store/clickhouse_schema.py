"""Makes and migrates a ClickHouse database, also where several spanglass servers start at once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

from spanglass.errors import MigrationError, StoreUnavailable
from spanglass.server.store.clickhouse_errors import DENIED, OLDEST, TABLE_EXISTS, first_line
from spanglass.server.store.clickhouse_script import MIGRATIONS, Statements, statements_for
from spanglass.server.store.cluster import Cluster
from spanglass.server.store.schema import Migration, migrations, pending, vocabulary

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_LOCK: Final = "CREATE TABLE migrating (nothing UInt8) ENGINE = Memory"
_UNLOCK: Final = "DROP TABLE IF EXISTS migrating"
_LOCKED_FOR: Final = (
    "SELECT toInt64(now()) - toInt64(metadata_modification_time) FROM system.tables"
    " WHERE database = currentDatabase() AND name = 'migrating'"
)
_ABANDONED_S: Final = 900
"""A database that is still being migrated after so long was left by a server that stopped: the next goes on."""
_LOOK_AGAIN_S: Final = 0.25
_WORDS: Final = "SELECT name FROM system.functions WHERE origin = 'SQLUserDefined' AND startsWith(name, 'sg_')"


def prepare(client: Client, cluster: Cluster | None = None) -> None:
    """Bring a client's database to this program's version, and define the words that questions use.

    A database that is current is not written to but for the words, so a user without the rights to make tables will do
    once an administrator has run `spanglass ddl`.

    Args:
        client: Of a database that exists.
        cluster: Where tables are made; None for one server.

    Raises:
        StoreUnavailable: ClickHouse is too old.
        MigrationError: The database is newer than this program, or a migration failed.
        ClickHouseError: The server cannot be reached, or refuses.
    """
    _demand_version(client)
    statements = statements_for(cluster)
    while pending("clickhouse", _version(client), "in ClickHouse"):
        with _alone(client, statements) as alone:
            if alone:
                _migrate(client, statements, cluster)
        time.sleep(0 if alone else _LOOK_AGAIN_S)
    _define_words(client, statements)


def _demand_version(client: Client) -> None:
    said = client.server_version or "of unknown version"
    numbers = tuple(int(part) for part in said.split(".")[:2] if part.isdigit())
    if numbers < OLDEST:
        raise StoreUnavailable(
            f"ClickHouse {said} is too old: spanglass needs {'.'.join(str(part) for part in OLDEST)} or later. "
            "Upgrade ClickHouse."
        )


def _version(client: Client) -> int:
    if not client.query("EXISTS TABLE migrations").result_rows[0][0]:
        return 0
    return int(client.query("SELECT max(version) FROM migrations").result_rows[0][0])


@contextmanager
def _alone(client: Client, statements: Statements) -> Iterator[bool]:
    """Tell whether this server is the one that migrates: of several that make one table, all but one fail."""
    try:
        _run(client, statements(_LOCK))
    except DatabaseError as error:
        if error.code != TABLE_EXISTS:
            raise
        since = client.query(_LOCKED_FOR).result_rows
        if since and since[0][0] > _ABANDONED_S:
            _run(client, statements(_UNLOCK))
        yield False
        return
    try:
        yield True
    finally:
        _run(client, statements(_UNLOCK))


def _migrate(client: Client, statements: Statements, cluster: Cluster | None) -> None:
    _run(client, statements(MIGRATIONS))
    todo: Sequence[Migration] = pending("clickhouse", _version(client), "in ClickHouse")
    if cluster is not None:
        versions = {migration.version for migration in todo}
        todo = [one for one in cluster.migrations(migrations("clickhouse")) if one.version in versions]
    for migration in todo:
        try:
            _run(client, migration.statements)
            client.insert("migrations", [(migration.version, migration.name)], column_names=["version", "name"])
        except DatabaseError as error:
            raise MigrationError(
                f"Migration {migration.name} failed in ClickHouse: {first_line(error)}. "
                "Its statements may be run again; correct the cause and restart."
            ) from error


def _define_words(client: Client, statements: Statements) -> None:
    """Define the vocabulary; without the right to, be content with what an administrator defined."""
    words = vocabulary("clickhouse")
    try:
        for word in words:
            _run(client, statements(word))
    except ClickHouseError as error:
        if getattr(error, "code", None) != DENIED or len(client.query(_WORDS).result_rows) < len(words):
            raise


def _run(client: Client, statements: Sequence[str]) -> None:
    for statement in statements:
        client.command(statement)
