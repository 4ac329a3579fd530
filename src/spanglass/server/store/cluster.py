"""The tables of a cluster, made of the statements for one server: replicated tables on every shard, and one over all.

A table `spans` becomes `spans_local`, replicated among the servers of a shard, and `spans`, which holds nothing itself
and sends rows and questions to the shards. Rows that replace each other must meet on one shard: a span by its trace,
so that a trace is on one shard whole; what has no trace, by its batch; a summary, by its time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from spanglass.server.store.schema import Migration

SHARDED_BY: Final[Mapping[str, str]] = {
    "spans": "cityHash64(trace_key)",
    "contents": "cityHash64(trace_key)",
    "scores": "cityHash64(ifNull(trace_id, batch))",
    "logs": "cityHash64(ifNull(trace_id, batch))",
    "points": "cityHash64(batch)",
    "batches": "cityHash64(digest)",
    "call_minutes": "cityHash64(start_ns)",
    "call_hours": "cityHash64(start_ns)",
    "user_hours": "cityHash64(start_ns)",
    "latency_minutes": "cityHash64(start_ns)",
    "latency_hours": "cityHash64(start_ns)",
    "marks": "cityHash64(name)",
    "stale_minutes": "cityHash64(start_ns)",
    "migrations": "cityHash64(version)",
}
"""What says on which shard a row of a table is."""
SUFFIX: Final = "_local"
_CREATE: Final = re.compile(
    r"CREATE (?P<or_replace>OR REPLACE )?TABLE (?:IF NOT EXISTS )?(?P<table>\w+)"
    r"(?:\sAS (?P<like>\w+)|\s(?P<columns>\(.*?\n\)))\n"
    r"ENGINE = ReplacingMergeTree(?:\((?P<version>\w+)\))?\s(?P<rest>.*?)(?P<source>\nAS SELECT .*)?",
    re.DOTALL,
)
_ALTER: Final = re.compile(r"ALTER TABLE (?P<table>\w+)\s(?P<change>.*)", re.DOTALL)
_DELETE: Final = re.compile(r"DELETE FROM (?P<table>\w+)\s(?P<which>.*)", re.DOTALL)
_FUNCTION: Final = re.compile(r"CREATE OR REPLACE FUNCTION (?P<name>\w+) (?P<body>AS .*)", re.DOTALL)
_SAME_EVERYWHERE: Final = re.compile(
    r"(?P<what>CREATE DATABASE IF NOT EXISTS \w+|CREATE TABLE migrating|DROP TABLE IF EXISTS migrating)(?P<rest>.*)",
    re.DOTALL,
)
_COMMENT: Final = re.compile(r"^\s*--[^\n]*\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster of ClickHouse servers, by its name in their `remote_servers`, and the database on them."""

    name: str
    database: str

    def statements(self, sql: str) -> Sequence[str]:
        """Return what does on the cluster what a statement does on one server; questions and inserts stay as they are.

        Raises:
            ValueError: It makes or changes a table in a way that is not known here.
        """
        text = _COMMENT.sub("", sql).strip()
        if found := _CREATE.fullmatch(text):
            return self._create(found)
        if found := _ALTER.fullmatch(text):
            return self._alter(found["table"], found["change"])
        if found := _DELETE.fullmatch(text):
            return (f"ALTER TABLE {found['table']}{SUFFIX} ON CLUSTER '{self.name}' DELETE {found['which']}",)
        if found := _FUNCTION.fullmatch(text):
            return (f"CREATE OR REPLACE FUNCTION {found['name']} ON CLUSTER '{self.name}' {found['body']}",)
        if found := _SAME_EVERYWHERE.fullmatch(text):
            return (f"{found['what']} ON CLUSTER '{self.name}'{found['rest']}",)
        if text.startswith(("CREATE", "ALTER", "DROP", "DELETE", "OPTIMIZE", "TRUNCATE")):
            raise ValueError(f"it is not known how a cluster does this: {text[:80]}")
        return (text,)

    def migrations(self, migrations: Sequence[Migration]) -> Sequence[Migration]:
        """Return migrations as a cluster runs them; what a later one makes again is not made before.

        The first two came before there were clusters, so no rows have to be taken along.

        Raises:
            ValueError: A later migration makes a table again: its rows would be lost.
        """
        again = {
            found["table"]: migration.version
            for migration in migrations
            for statement in migration.statements
            if (found := _CREATE.fullmatch(_COMMENT.sub("", statement).strip())) and found["or_replace"]
        }
        if any(version > _BEGAN for version in again.values()):
            raise ValueError("a table of a cluster cannot be made again")
        return [
            replace(
                migration,
                statements=tuple(
                    made
                    for statement in migration.statements
                    if not _made_again(statement, again)
                    for made in self.statements(statement)
                ),
            )
            for migration in migrations
        ]

    def _create(self, found: re.Match[str]) -> Sequence[str]:
        table = found["table"]
        local, columns = f"{table}{SUFFIX}", found["columns"] or f"AS {found['like']}{SUFFIX}"
        path = f"'/clickhouse/tables/{{shard}}/{self.database}/{local}', '{{replica}}'"
        engine = ", ".join(part for part in (path, found["version"]) if part)
        replicated = f"ReplicatedReplacingMergeTree({engine})\n{found['rest']}"
        over_all = f"Distributed('{self.name}', '{self.database}', '{local}', {SHARDED_BY[table]})"
        return (
            f"CREATE TABLE IF NOT EXISTS {local} ON CLUSTER '{self.name}' {columns}\nENGINE = {replicated}",
            f"CREATE TABLE IF NOT EXISTS {table} ON CLUSTER '{self.name}' AS {local}\nENGINE = {over_all}",
        )

    def _alter(self, table: str, change: str) -> Sequence[str]:
        local = f"ALTER TABLE {table}{SUFFIX} ON CLUSTER '{self.name}' {change}"
        if re.search(r"\b(ADD|DROP|MODIFY|RENAME) COLUMN\b", change):
            return local, f"ALTER TABLE {table} ON CLUSTER '{self.name}' {change}"
        return (local,)  # the table over all shards has neither indexes nor an end of time, and holds no rows


_BEGAN: Final = 2
"""The first migration that clusters have run whole."""


def _made_again(statement: str, again: Mapping[str, int]) -> bool:
    text = _COMMENT.sub("", statement).strip()
    if created := _CREATE.fullmatch(text):
        return not created["or_replace"] and created["table"] in again
    altered = _ALTER.fullmatch(text)
    return altered is not None and altered["table"] in again
