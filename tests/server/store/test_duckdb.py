"""What the embedded engine promises beyond the contract: one file, one owner, no power cut, no surprise."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from msgspec.structs import replace

from parts import ROOT
from records import T0, batch, span, trace_id
from spanglass.errors import MigrationError, QueryError, StoreUnavailable
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.duckdb_file import FILE_NAME
from spanglass.server.store.protocol import WINDOW

WRITER = Path(__file__).with_name("crash_writer.py")
SLOW = "SELECT count(*) FROM range(1000000) AS a, range(1000000) AS b WHERE a.range * b.range = 7"


@contextmanager
def writer(directory: Path, *, first: int = 0, largest_file: int = 0) -> Iterator[subprocess.Popen[str]]:
    """Run the process that writes until it is stopped; it is killed at the latest in the end."""
    with subprocess.Popen(
        [sys.executable, str(WRITER), str(directory), str(first), str(largest_file)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
    ) as process:
        yield process
        process.kill()


def lines(process: subprocess.Popen[str]) -> Iterator[str]:
    """Return what the process says."""
    assert process.stdout is not None
    return (line.strip() for line in process.stdout)


def kept(directory: Path) -> dict[str, int]:
    """Return how many spans of each trace the store in a directory holds."""
    store = DuckDBStore(directory)
    found = store.select("SELECT trace_id, count(*) AS n FROM spans GROUP BY trace_id", {})
    logs = store.select("SELECT trace_id, count(*) AS n FROM logs GROUP BY trace_id", {})
    store.close()
    assert {row["trace_id"]: row["n"] for row in logs} == dict.fromkeys((row["trace_id"] for row in found), 1)
    return {str(row["trace_id"]): int(str(row["n"])) for row in found}


def test_a_killed_process_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    """After kill -9 at any moment what was said to be kept is there, whole and once; no batch is half there."""
    acknowledged: list[int] = []
    for attempt in range(6):
        with writer(tmp_path, first=attempt * 1_000_000) as process:
            said = lines(process)
            assert next(said) == "open"
            killer = threading.Timer(random.uniform(0.02, 0.4), process.kill)
            killer.start()
            acknowledged += [int(line) for line in said]
            killer.join()
        found = kept(tmp_path)

        assert {trace_id(number) for number in acknowledged} <= found.keys()
        assert set(found.values()) <= {40}
    assert acknowledged


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path) -> None:
    """When the file cannot grow, a write fails with what to do and nothing is lost; with space again it works."""
    with writer(tmp_path, largest_file=3_000_000) as process:
        said = list(lines(process))
    acknowledged = [int(line) for line in said if line.isdigit()]

    assert re.match(r"failed: The database .* cannot grow: free disk space", said[-2])
    assert said[-1] == str(acknowledged[-1])
    found = kept(tmp_path)
    assert {found.get(trace_id(number)) for number in acknowledged} == {40}
    assert set(found.values()) == {40}


def test_a_file_in_use_is_refused_with_its_cure(tmp_path: Path) -> None:
    """A second process does not get the file, and is told who likely has it."""
    with writer(tmp_path) as process:
        assert next(lines(process)) == "open"
        with pytest.raises(StoreUnavailable, match=r"in use by another process.*--data"):
            DuckDBStore(tmp_path)
        process.kill()


@pytest.mark.parametrize("content", [b"not a database", b"\x00" * 50_000, os.urandom(50_000)])
def test_a_damaged_file_is_said(tmp_path: Path, content: bytes) -> None:
    """A file that is no database is reported with what to do, and left as it is."""
    file = tmp_path / FILE_NAME
    file.write_bytes(content)

    with pytest.raises(StoreUnavailable, match="is damaged: restore a backup"):
        DuckDBStore(tmp_path)
    assert file.read_bytes() == content


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """A data directory below a file is refused with what to do."""
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreUnavailable, match=r"cannot be made .* --data"):
        DuckDBStore(tmp_path / "file" / "data")


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    """A schema this program does not know is left alone."""
    DuckDBStore(tmp_path).close()
    with duckdb.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("INSERT INTO migrations VALUES (999, '0999_later.sql', current_timestamp)")

    with pytest.raises(MigrationError, match=r"schema version 999.*Upgrade spanglass"):
        DuckDBStore(tmp_path)


def test_a_failed_migration_is_undone(tmp_path: Path) -> None:
    """When a statement of a migration fails, none of it stays."""
    with duckdb.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("CREATE TABLE logs (somebody_elses INTEGER)")

    with pytest.raises(MigrationError, match=r"0001_\w+\.sql .* failed and was undone"):
        DuckDBStore(tmp_path)
    with duckdb.connect(tmp_path / FILE_NAME) as connection:
        assert connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall() == [
            ("logs",),
            ("migrations",),
        ]


def test_migrations_are_recorded_and_run_once(tmp_path: Path) -> None:
    """Opening again runs nothing again."""
    for _ in range(2):
        store = DuckDBStore(tmp_path)
        assert [row["version"] for row in store.select("SELECT version FROM migrations", {})] == [1, 2]
        store.close()


@pytest.mark.parametrize(
    "sql", ["SELECT * FROM read_csv('/etc/hosts')", "COPY spans TO 'out.csv'", "ATTACH 'other.db'", "INSTALL fts"]
)
def test_statements_reach_nothing_but_the_file(tmp_path: Path, sql: str) -> None:
    """Other files and the network are out of reach."""
    store = DuckDBStore(tmp_path)

    with pytest.raises((QueryError, StoreUnavailable)):
        store.select(sql, {})
    store.close()


def test_a_store_in_memory_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a directory everything is in memory: the store that users' tests may take."""
    monkeypatch.chdir(tmp_path)
    store = DuckDBStore(None)
    store.write([batch(span())])

    assert store.select("SELECT count(*) AS n FROM spans", {}) == [{"n": 1}]
    assert store.size() == 0
    store.close()
    assert list(tmp_path.iterdir()) == []


def test_the_window_of_digests_is_bounded(tmp_path: Path) -> None:
    """The latest digests are remembered, no more; in memory, and in the file after opening again."""
    store = DuckDBStore(tmp_path)
    store.write([batch(tag=str(number)) for number in range(WINDOW + 300)])
    store.write([batch(tag="last")])

    assert len(store._digests) == WINDOW
    assert batch(tag="300").digest.hex() not in store._digests
    assert batch(tag="301").digest.hex() in store._digests
    store.close()
    store = DuckDBStore(tmp_path)
    assert len(store._digests) == WINDOW
    assert store.select("SELECT count(*) AS n FROM batches", {}) == [{"n": WINDOW}]
    store.close()


def test_reads_see_whole_commits(tmp_path: Path) -> None:
    """While a write runs, a select sees all of a commit or nothing of it."""
    store = DuckDBStore(tmp_path)
    done = threading.Event()

    def write() -> None:
        for number in range(60):
            store.write(
                [batch(*(span(number, place) for place in range(25 * half, 25 * half + 25))) for half in (0, 1)]
            )
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    counts = set()
    while not done.is_set():
        (row,) = store.select("SELECT count(*) AS n FROM spans", {})
        counts.add(int(str(row["n"])) % 50)
    writer.join()
    store.close()

    assert counts == {0}


def test_closing_stops_a_running_select(tmp_path: Path) -> None:
    """Close does not wait for a slow question, and the asker learns why it ended."""
    store = DuckDBStore(tmp_path)
    ended: list[Exception] = []

    def ask() -> None:
        try:
            store.select(SLOW, {})
        except StoreUnavailable as error:
            ended.append(error)

    asker = threading.Thread(target=ask)
    asker.start()
    time.sleep(0.3)
    started = time.monotonic()
    store.close()
    asker.join(timeout=10)

    assert time.monotonic() - started < 5
    assert ["is closed" in str(error) for error in ended] == [True]


def test_the_time_limit_spares_writes(tmp_path: Path) -> None:
    """A limit on selects does not stop a write that runs longer."""
    store = DuckDBStore(tmp_path, time_limit_s=0.001)

    assert sum(store.write([batch(*(span(1, number, at=number) for number in range(5_000)))]).stored.values()) == 5_000
    store.close()


def test_one_bad_write_leaves_no_trace(tmp_path: Path) -> None:
    """A write that the engine refuses even when tamed keeps nothing, and the next write works."""
    store = DuckDBStore(tmp_path)
    good, bad = span(1, 1), span(2, 2)
    bad = replace(bad, span=replace(bad.span, start_ns=None))

    with pytest.raises(StoreUnavailable):
        store.write([batch(good), batch(bad)])
    assert store.select("SELECT count(*) AS n FROM spans", {}) == [{"n": 0}]
    assert sum(store.write([batch(good)]).stored.values()) == 1
    assert store.select("SELECT start_ns FROM spans", {}) == [{"start_ns": T0}]
    store.close()
