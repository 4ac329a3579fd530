"""What a cluster runs instead of a server's statements: read by the engine's own parser, and run on one shard."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import clickhouse_connect
import pytest
from inline_snapshot import snapshot

from clickhouse_http import PASSWORD, USER, clickhouse
from records import SECOND, T0, batch, call, computed, log, point, span, trace_id
from spanglass.server.store.address import Address
from spanglass.server.store.clickhouse import ClickHouseStore
from spanglass.server.store.clickhouse_script import script
from spanglass.server.store.cluster import SHARDED_BY, Cluster
from spanglass.server.store.schema import Migration, migrations, vocabulary

MAIN = Cluster("main", "obs")
# One shard of one replica, which is the engine itself: what is asked of all shards needs no network.
CONFIGURATION = """
<clickhouse>
  <tcp_port>9000</tcp_port>
  <remote_servers>
    <main><shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard></main>
  </remote_servers>
</clickhouse>
"""


class OneShard(Cluster):
    """A cluster without Keeper: its tables replicate to nobody, and statements run where they are."""

    def statements(self, sql: str) -> Sequence[str]:
        """Return those of a cluster but for what needs Keeper."""
        return [
            re.sub(r"Replicated(\w+)\('[^']*', '[^']*'(?:, )?", r"\1(", made).replace(f" ON CLUSTER '{self.name}'", "")
            for made in super().statements(sql)
        ]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve the engine with a cluster."""
    directory = tmp_path_factory.mktemp("cluster")
    (directory / "config.xml").write_text(CONFIGURATION)
    with clickhouse(directory / "data") as port:
        yield port


def test_a_table_is_one_on_every_shard_and_one_over_all() -> None:
    """The same columns and order; a row's shard is that of its trace."""
    made = MAIN.statements(
        "-- what it is\nCREATE TABLE IF NOT EXISTS spans (\n  trace_key Int64,\n  INDEX i trace_key TYPE set(8)\n)\n"
        "ENGINE = ReplacingMergeTree(version)\nORDER BY trace_key\nSETTINGS fsync_after_insert = 1"
    )

    assert list(made) == snapshot(
        [
            """\
CREATE TABLE IF NOT EXISTS spans_local ON CLUSTER 'main' (
  trace_key Int64,
  INDEX i trace_key TYPE set(8)
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/obs/spans_local', '{replica}', version)
ORDER BY trace_key
SETTINGS fsync_after_insert = 1\
""",
            """\
CREATE TABLE IF NOT EXISTS spans ON CLUSTER 'main' AS spans_local
ENGINE = Distributed('main', 'obs', 'spans_local', cityHash64(trace_key))\
""",
        ]
    )


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "ALTER TABLE spans ADD COLUMN x Int64",
            [
                "ALTER TABLE spans_local ON CLUSTER 'main' ADD COLUMN x Int64",
                "ALTER TABLE spans ON CLUSTER 'main' ADD COLUMN x Int64",
            ],
        ),
        (
            "ALTER TABLE spans MODIFY TTL now()",
            ["ALTER TABLE spans_local ON CLUSTER 'main' MODIFY TTL now()"],
        ),
        (
            "DELETE FROM stale_minutes WHERE start_ns = $a",
            ["ALTER TABLE stale_minutes_local ON CLUSTER 'main' DELETE WHERE start_ns = $a"],
        ),
        ("INSERT INTO marks SELECT 1", ["INSERT INTO marks SELECT 1"]),
        ("CREATE DATABASE IF NOT EXISTS obs", ["CREATE DATABASE IF NOT EXISTS obs ON CLUSTER 'main'"]),
    ],
)
def test_changes_reach_every_shard(sql: str, expected: list[str]) -> None:
    """Columns change in both tables, rows where they are; what adds rows goes through the table over all."""
    assert list(MAIN.statements(sql)) == expected


@pytest.mark.parametrize("sql", ["CREATE VIEW a AS SELECT 1", "DROP TABLE spans", "OPTIMIZE TABLE spans FINAL"])
def test_what_is_not_known_is_refused(sql: str) -> None:
    """A statement that would change one server alone is not run."""
    with pytest.raises(ValueError, match="not known how a cluster does this"):
        MAIN.statements(sql)


def test_a_later_migration_must_not_make_a_table_again() -> None:
    """It would leave out the rows."""
    again = (
        "CREATE OR REPLACE TABLE spans (\n  a Int64\n)\nENGINE = ReplacingMergeTree ORDER BY a\nAS SELECT * FROM spans"
    )

    with pytest.raises(ValueError, match="cannot be made again"):
        MAIN.migrations([Migration(3, "0003_x.sql", (again,))])


def test_every_table_is_made_once_on_every_shard_and_once_over_all() -> None:
    """Both engines' tables are there, none twice, and each is said how to be sharded."""
    made = [text for migration in MAIN.migrations(migrations("clickhouse")) for text in migration.statements]
    tables = [found[1] for text in made if (found := re.match(r"CREATE TABLE IF NOT EXISTS (\w+) ", text))]

    assert sorted(tables) == sorted({*tables})
    assert {name for name in tables if not name.endswith("_local")} == set(SHARDED_BY) - {"migrations"}
    assert {name.removesuffix("_local") for name in tables if name.endswith("_local")} == set(SHARDED_BY) - {
        "migrations"
    }


def test_the_engine_can_read_every_statement(port: int) -> None:
    """The parser of ClickHouse itself takes them all; that they do what they say takes a cluster."""
    with clickhouse_connect.get_client(host="127.0.0.1", port=port, username=USER, password=PASSWORD) as client:
        statements = script("obs", MAIN)
        for statement in statements:
            read = client.query("SELECT formatQuery({sql:String})", parameters={"sql": statement}).result_rows[0][0]
            assert ("ON CLUSTER main" in read) == ("CREATE" in statement), statement

    assert len(statements) > 2 * len(SHARDED_BY) + len(vocabulary("clickhouse"))


def test_a_cluster_of_one_shard_keeps_and_answers(port: int) -> None:
    """Rows and questions go through the tables over all shards; what is sent again counts once, summaries are made."""
    where = Address(host="127.0.0.1", port=port, database="obs", user=USER, password=PASSWORD)
    client = clickhouse_connect.get_client(
        host=where.host, port=port, username=USER, password=PASSWORD, autogenerate_session_id=False
    )
    client.command("CREATE DATABASE obs")
    client.database = "obs"
    store = ClickHouseStore(client, cluster=OneShard("main", "obs"))
    spans = [span(1), call(1, 2, 1, cost=computed("0.5"), user="ann")]
    store.write([batch(*spans, logs=(log(),), points=(point(),))])
    store.write([batch(*spans, tag="again")])

    assert client.query("SELECT engine FROM system.tables WHERE name = 'spans'").result_rows[0][0] == "Distributed"
    counted = "SELECT count(*) AS n, sum(cost_amount) AS cost FROM spans WHERE trace_id IN (SELECT trace_id FROM spans)"
    assert [str(value) for value in store.select(counted, {})[0].values()] == ["2", "0.500000000000000000"]
    assert store.select("SELECT count(*) AS n FROM logs WHERE trace_id = $id", {"id": trace_id(7)})[0]["n"] == 0
    assert store.roll_up(T0 + 2 * 3600 * SECOND) == 1
    assert store.select("SELECT sum(attempts) AS n FROM call_minutes", {})[0]["n"] == 1
    assert store.select("SELECT sum(attempts) AS n FROM user_hours", {})[0]["n"] == 1
    assert store.select("SELECT count(*) AS n FROM stale_minutes", {})[0]["n"] == 0
    assert store.size() > 0
    store.close()
