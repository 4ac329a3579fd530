"""A file that an earlier version wrote opens in this one, whatever happens meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import _duckdb as duckdb
import msgspec
import pytest

from parts import ROOT
from records import SECOND, T0, batch, call, computed, span_id, trace_id
from spanglass.server.query.filters import ANY
from spanglass.server.query.overview import overview
from spanglass.server.query.trace import trace
from spanglass.server.query.traces import traces
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.duckdb_file import FILE_NAME
from spanglass.server.store.rows import trace_key
from spanglass.server.store.schema import migrations

CHILD = Path(__file__).with_name("migrating_child.py")
FIRST, *LATER = migrations("duckdb")


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """Write a file as the first version did: its schema, one call with content among its attributes, a log record."""
    connection = duckdb.connect(tmp_path / FILE_NAME)
    connection.execute("CREATE TABLE migrations (version INTEGER NOT NULL, name VARCHAR NOT NULL, ran_at TIMESTAMP)")
    for statement in FIRST.statements:
        connection.execute(statement)
    connection.execute("INSERT INTO migrations VALUES (1, ?, current_timestamp)", [FIRST.name])
    span = {
        "trace_key": trace_key(trace_id(1)),
        "trace_id": trace_id(1),
        "span_id": span_id(1),
        "name": "chat gpt",
        "kind": "client",
        "work": "llm",
        "start_ns": T0,
        "end_ns": T0 + SECOND,
        "status": "unset",
        "service": "shop",
        "operation": "chat",
        "provider": "openai",
        "request_model": "gpt",
        "user_id": "ann",
        "input_tokens": 12,
        "output_tokens": 3,
        "cost_state": "computed",
        "cost_amount": "0.25",
        "attributes": '{"gen_ai.input.messages":"what was said","a":1}',
        "resource": '{"service.name":"shop"}',
    }
    names, marks = ", ".join(span), ", ".join("?" * len(span))
    connection.execute(f"INSERT INTO spans ({names}) VALUES ({marks})", list(span.values()))  # noqa: S608 - ours
    connection.execute("INSERT INTO logs (time_ns, severity, attributes, resource) VALUES (?, 9, '{}', '{}')", [T0])
    connection.execute("INSERT INTO batches VALUES (1, ?, ?)", [batch(call(1, 1)).digest.hex(), T0])
    connection.close()
    return tmp_path


def answers(store: DuckDBStore) -> None:
    """Check that the old file's rows are in the answers, and that it can be written."""
    since_ns, until_ns = T0 - SECOND, T0 + 60 * SECOND
    found = overview(store, start_ns=since_ns, end_ns=until_ns, step_ns=None, filters=ANY)
    listed = traces(store, start_ns=since_ns, end_ns=until_ns, filters=ANY)
    one = trace(store, trace_id(1))
    assert found.totals.cost.amount == Decimal("0.25")
    assert [row.trace_id for row in listed.traces] == [trace_id(1)]
    assert b"what was said" in msgspec.json.encode(one.spans[0])
    assert store.select("SELECT count(*) AS n FROM logs", {}) == [{"n": 1}]
    assert sum(store.write([batch(call(1, 1))]).stored.values()) == 0, "a batch sent before is known"
    store.write([batch(call(2, 2, cost=computed("1")), tag="new")])
    assert store.roll_up(T0 + 3600 * SECOND) == 1
    assert store.select("SELECT sum(cost) AS cost FROM call_minutes", {}) == [{"cost": Decimal("1.25")}]


def test_an_older_file_opens_and_answers(older: Path) -> None:
    """A file of schema 1 is migrated when it is opened; its rows are in every answer, and it can be written."""
    store = DuckDBStore(older)

    answers(store)

    version = store.select("SELECT max(version) AS version FROM migrations", {})
    assert version == [{"version": LATER[-1].version}]
    store.close()


@pytest.mark.parametrize("after", [0, 1, 7, 12])
def test_a_crash_while_migrating_costs_nothing(older: Path, after: int) -> None:
    """Killed before, between and after statements of a migration, the next start does it whole."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    killed = subprocess.run([sys.executable, str(CHILD), str(older), str(after)], env=environment, check=False)
    assert killed.returncode == -9

    store = DuckDBStore(older)

    answers(store)
    store.close()
