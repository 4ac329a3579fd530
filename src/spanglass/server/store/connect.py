"""Connects to a ClickHouse server over HTTP, makes the database where it is not there, and opens the store in it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Final

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from spanglass.errors import StoreUnavailable
from spanglass.server.store.address import Address
from spanglass.server.store.clickhouse import ClickHouseStore
from spanglass.server.store.clickhouse_ages import limit_ages
from spanglass.server.store.clickhouse_errors import unavailable
from spanglass.server.store.cluster import Cluster
from spanglass.server.store.keeping import Kept

_CONNECT_S: Final = 5
_ANSWER_S = 60
"""How long an insert or a question is waited for; a question is given up by ClickHouse itself after half of it."""
_PATIENCE_S: Final = 1800
"""How long a change of tables is waited for: an erasure rewrites all the parts that it is in."""
_THERE: Final = "SELECT count() FROM system.databases WHERE name = {name:String}"


def connect(where: Address, ages: Mapping[Kept, int | None] | None = None) -> ClickHouseStore:
    """Open the store at an address; the caller closes it.

    Args:
        where: Which database of which server.
        ages: How many days each is kept, None for ever; what is not named is left as it is.

    Raises:
        StoreUnavailable: The server cannot be reached, is too old or refuses; the message names host, port and cure.
        MigrationError: The database is newer than this program, or a migration failed.
    """
    # What they warn of comes back as an error, which is told once; and requests hold the values that were asked for.
    for name in ("clickhouse_connect", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.ERROR)
    cluster = None if where.cluster is None else Cluster(where.cluster, where.database)
    with ExitStack() as undone:
        try:
            client = undone.enter_context(_client(where, _ANSWER_S))
            patient = undone.enter_context(_client(where, _PATIENCE_S))
            _make_database(patient, where.database, cluster)
            client.database = patient.database
        except ClickHouseError as error:
            raise StoreUnavailable(f"{where.shown}: {unavailable(error)}") from error
        store = ClickHouseStore(client, cluster=cluster, patient=patient)
        try:
            limit_ages(patient, ages or {}, cluster)
        except ClickHouseError as error:
            raise unavailable(error) from error
        undone.pop_all()  # the store closes them
        return store


def _client(where: Address, answer_s: int) -> Client:
    return clickhouse_connect.get_client(
        interface="https" if where.secure else "http",
        host=where.host,
        port=where.port,
        username=where.user,
        password=where.password,
        secure=where.secure,
        verify=where.verify,
        ca_cert=where.ca_cert,
        connect_timeout=_CONNECT_S,
        send_receive_timeout=answer_s,
        client_name="spanglass",
        dedicated_pool=True,
        show_clickhouse_errors="scrub",  # else messages hold the request with the values of its parameters
        autogenerate_session_id=False,  # statements of one session wait for each other; ours need none
    )


def _make_database(client: Client, name: str, cluster: Cluster | None) -> None:
    if not client.query(_THERE, parameters={"name": name}).result_rows[0][0]:
        sql = f"CREATE DATABASE IF NOT EXISTS {name}"
        for statement in (sql,) if cluster is None else cluster.statements(sql):
            client.command(statement)
    client.database = name
