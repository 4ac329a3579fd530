"""The statements that make a ClickHouse database, on one server or a cluster; runs none of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from spanglass.server.store.cluster import Cluster
from spanglass.server.store.schema import migrations, vocabulary

MIGRATIONS: Final = """CREATE TABLE IF NOT EXISTS migrations (
  version Int32, name String, ran_at DateTime DEFAULT now()
)
ENGINE = ReplacingMergeTree ORDER BY version"""
_RAN: Final = "INSERT INTO migrations (version, name) VALUES"
Statements: TypeAlias = Callable[[str], Sequence[str]]
"""What is run for one statement."""


def statements_for(cluster: Cluster | None) -> Statements:
    """Return what says which statements are run for one; without a cluster, that one."""
    return (lambda sql: (sql,)) if cluster is None else cluster.statements


def script(database: str, cluster: Cluster | None = None) -> Sequence[str]:
    """Return every statement that makes an empty database current, for an administrator to run.

    Args:
        database: Its name.
        cluster: Where tables are made; None for one server.
    """
    statements = statements_for(cluster)
    known = migrations("clickhouse")
    return [
        *statements(f"CREATE DATABASE IF NOT EXISTS {database}"),
        f"USE {database}",
        *statements(MIGRATIONS),
        *(made for one in (cluster.migrations(known) if cluster else known) for made in one.statements),
        *(f"{_RAN} ({one.version}, '{one.name}')" for one in known),
        *(made for word in vocabulary("clickhouse") for made in statements(word)),
    ]
