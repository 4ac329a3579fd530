"""Ends of time in ClickHouse's own tables (TTL): what is too old goes although no spanglass server keeps house."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from clickhouse_connect.driver.exceptions import DatabaseError

from spanglass.server.store.clickhouse_errors import DENIED
from spanglass.server.store.clickhouse_script import statements_for
from spanglass.server.store.cluster import SUFFIX, Cluster
from spanglass.server.store.keeping import TABLES, Kept

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

GRACE_DAYS: Final = 7
"""How much longer ClickHouse keeps than was asked: a server that keeps house notes what went, so it should be first."""
_LAST_S: Final = 4_102_444_800
"""The year 2100, Unix seconds."""
_ENGINES: Final = "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()"
_DAYS: Final = re.compile(r" TTL .*?toIntervalDay\((\d+)\)")
_log = logging.getLogger("spanglass.server")


def limit_ages(client: Client, days: Mapping[Kept, int | None], cluster: Cluster | None = None) -> None:
    """Give tables the ends that their ages mean, where they have others.

    Servers over one ClickHouse want the same ages: each sets its own when it starts.

    Args:
        client: Of a database that is current.
        days: How long each is kept; None for ever. What is not named is left as it is.
        cluster: Where the tables are; None for one server.

    Raises:
        ClickHouseError: The server cannot be reached, or refuses for another reason than a missing right.
    """
    suffix = "" if cluster is None else SUFFIX
    engines = {str(name): str(engine) for name, engine in client.query(_ENGINES).result_rows}
    statements = statements_for(cluster)
    for kept, age in days.items():
        wanted = None if age is None else age + GRACE_DAYS
        for table, time in TABLES[kept]:
            found = _DAYS.search(engines.get(f"{table}{suffix}", ""))
            if (int(found[1]) if found else None) == wanted:
                continue
            change = "REMOVE TTL" if wanted is None else f"MODIFY TTL {_end(time, wanted)}"
            for statement in statements(f"ALTER TABLE {table} {change}"):
                _run(client, statement, table)


def _end(time: str, days: int) -> str:
    # Clamped: a time before 1970 or after 2106 would come out as another.
    return f"toDateTime(least(greatest(intDiv({time}, 1000000000), 0), {_LAST_S}), 'UTC') + INTERVAL {days} DAY"


def _run(client: Client, statement: str, table: str) -> None:
    try:
        # What is there already goes when a server keeps house: to read it all for this would cost more than it saves.
        client.command(statement, settings={"materialize_ttl_after_modify": 0})
    except DatabaseError as error:
        if error.code != DENIED:
            raise
        _log.warning("ClickHouse does not let this user change the table %s, so its rows end only by spanglass", table)
