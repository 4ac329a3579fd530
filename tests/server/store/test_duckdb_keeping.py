"""Keeping house in a real file: bytes that are gone, crashes at every step, room that is used again."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from parts import ROOT
from records import SECOND, T0, batch, call, log, point, span
from spanglass.errors import StoreUnavailable
from spanglass.server.record import Facts, StoredSpan
from spanglass.server.store import duckdb_keeping
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.duckdb_keeping import DuckDBKeeping
from spanglass.server.store.keeping import By, Kept, Subject
from spanglass.server.store.rows import SPAN_COLUMNS
from spanglass.server.store.summaries import HOUR_NS

ANN = Subject(By.USER, "ann")
CHILD = Path(__file__).with_name("house_child.py")
DAY_NS = 24 * HOUR_NS


def noise(seed: int, count: int) -> list[str]:
    """Return texts that no compression shortens, so that they stand in a file as they are."""
    chance = random.Random(seed)
    return ["".join(chr(chance.randrange(0x21, 0x17F)) for _ in range(80)).translate(_PLAIN) for _ in range(count)]


_PLAIN = {ord(sign): "x" for sign in '"\\\x7f'} | dict.fromkeys(range(128, 161), "y")


def marked(user: str, marks: Sequence[str], first: int) -> list[StoredSpan]:
    """Return spans of a user, each with a mark in its content, its attributes and its name."""
    return [
        span(
            number,
            1,
            at=number * 0.1,
            name=mark[:40],
            attributes={"gen_ai.input.messages": mark, "note": mark[40:]},
            facts=Facts(user_id=user),
        )
        for number, mark in enumerate(marks, first)
    ]


def there(directory: Path, marks: Sequence[str]) -> dict[str, int]:
    """Return how many marks, or halves of them, the raw bytes of each file below a directory hold."""
    found: dict[str, int] = {}
    for path in directory.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            count = sum(mark[:40].encode() in held or mark[40:].encode() in held for mark in marks)
            if count:
                found[str(path.relative_to(directory))] = count
    return found


@pytest.fixture
def marks(tmp_path: Path) -> tuple[list[str], list[str]]:
    """Fill a file with what ann and bob said, in its log and in its tables."""
    ann, bob = noise(1, 300), noise(2, 300)
    store = DuckDBStore(tmp_path)
    with store.lend() as cursor:
        cursor.execute("SET force_compression = 'uncompressed'")
        store.write([batch(*marked("ann", ann[:200], 1), *marked("bob", bob[:200], 1000))])
        cursor.execute("CHECKPOINT")
    store.write([batch(*marked("ann", ann[200:], 500), *marked("bob", bob[200:], 1500))])
    _abandon(store)
    return ann, bob


def _abandon(store: DuckDBStore) -> None:
    """Leave a store without a checkpoint, so that what came last is in its log."""
    with store.lend() as cursor:
        cursor.execute("PRAGMA disable_checkpoint_on_shutdown")
    store.close()


def test_bytes_of_the_erased_are_nowhere(tmp_path: Path, marks: tuple[list[str], list[str]]) -> None:
    """When `erase` returns, and after a close, no file holds a piece of what was erased; the rest is there."""
    ann, bob = marks
    assert there(tmp_path, ann) == {"spanglass.duckdb": 200, "spanglass.duckdb.wal": 100}
    store = DuckDBStore(tmp_path)

    erased = DuckDBKeeping(store).erase(ANN)

    assert (erased.traces, erased.rows["contents"]) == (300, 300)
    assert there(tmp_path, ann) == {}
    rows = store.select("SELECT count(*) AS n, count(DISTINCT name) AS names FROM spans", {})
    assert rows == [{"n": 300, "names": 300}]
    assert store.select("SELECT count(*) AS n FROM marks", {}) == [{"n": 0}]
    store.close()
    assert there(tmp_path, ann) == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["spanglass.duckdb"]
    assert sum(there(tmp_path, bob).values()) > 0, "the search finds what is there"


@pytest.mark.parametrize(
    "moment", ["before the copy", "before the end of it", "before the exchange", "after the exchange"]
)
def test_a_crash_while_erasing_leaves_one_file(tmp_path: Path, marks: tuple[list[str], list[str]], moment: str) -> None:
    """Killed at any step, the file opens, has all that was not erased, and the bytes are gone after the next start."""
    ann, _ = marks
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    killed = subprocess.run([sys.executable, str(CHILD), str(tmp_path), moment], env=environment, check=False)
    assert killed.returncode == -9

    store = DuckDBStore(tmp_path)
    spans = store.select("SELECT user_id, count(*) AS n FROM spans GROUP BY user_id", {})
    DuckDBKeeping(store).tidy()

    assert spans == [{"user_id": "bob", "n": 300}]
    assert there(tmp_path, ann) == {}
    assert store.select("SELECT count(*) AS n FROM spans", {}) == [{"n": 300}]
    store.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["spanglass.duckdb"]


@contextmanager
def asking(store: DuckDBStore) -> Iterator[list[int]]:
    """Write and ask all the time while the block runs; yields what was written."""
    over = threading.Event()
    written: list[int] = []
    failures: list[Exception] = []

    def write() -> None:
        number = 10_000
        while not over.is_set():
            store.write([batch(call(number, 1, at=number, user="bob"), logs=(log(at=number),), points=(point(),))])
            written.append(number)
            number += 1

    def ask() -> None:
        while not over.is_set():
            found = store.select("SELECT count(*) AS n FROM spans", {})[0]["n"]
            assert isinstance(found, int)
            assert found >= 300

    def guarded(work: object) -> None:
        try:
            work()  # type: ignore[operator]
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in (write, ask)]
    for thread in threads:
        thread.start()
    try:
        yield written
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert failures == []


def test_nothing_written_meanwhile_is_lost(tmp_path: Path, marks: tuple[list[str], list[str]]) -> None:
    """What is written while the file is rewritten is in the new one, once; so is what a restart finds."""
    ann, _ = marks
    store = DuckDBStore(tmp_path)
    with asking(store) as written:
        DuckDBKeeping(store).erase(ANN)
        DuckDBKeeping(store).erase(Subject(By.USER, "nobody"))

    assert len(written) > 2
    store.close()
    store = DuckDBStore(tmp_path)
    for table, before in (("spans", 300), ("logs", 0), ("points", 0)):
        count = store.select(f"SELECT count(*) AS n FROM {table}", {})[0]["n"]  # noqa: S608 - a name of our own
        assert count == before + len(written), table
    assert there(tmp_path, ann) == {}
    store.close()


@pytest.mark.usefixtures("marks")
def test_a_backup_opens_while_writing_goes_on(tmp_path: Path) -> None:
    """A copy made under load is of one moment, opens as a store, and can be told from the one that runs."""
    store = DuckDBStore(tmp_path)
    with asking(store) as written:
        time.sleep(0.2)
        size = DuckDBKeeping(store).backup(tmp_path / "backups" / "one.duckdb")
        known = len(written)
    store.close()
    (tmp_path / "elsewhere").mkdir()
    copy = (tmp_path / "backups" / "one.duckdb").rename(tmp_path / "elsewhere" / "spanglass.duckdb")
    assert copy.stat().st_size == size
    assert list((tmp_path / "backups").iterdir()) == []

    opened = DuckDBStore(tmp_path / "elsewhere")

    rows = opened.select(
        "SELECT (SELECT count(*) FROM spans) AS spans, (SELECT count(*) FROM logs) AS logs, "
        "(SELECT count(*) FROM batches) AS batches",
        {},
    )[0]
    spans, logs, batches = (int(str(rows[name])) for name in ("spans", "logs", "batches"))
    assert 0 < logs <= known + 1
    assert (spans, batches) == (600 + logs, 2 + logs)
    opened.close()


def test_what_cannot_be_copied_changes_nothing(tmp_path: Path) -> None:
    """A backup to a place where none may lie is refused, and no other file can be reached by SQL."""
    store = DuckDBStore(tmp_path / "data")
    outside = tmp_path / "outside" / "one.duckdb"

    with pytest.raises(StoreUnavailable, match="disabled by configuration"):
        DuckDBKeeping(store).backup(outside)

    assert list(outside.parent.iterdir()) == []
    store.close()


def test_the_tables_that_grow_are_those_that_are_written() -> None:
    """A table that writing adds to is caught up with after a copy; one that is new must be among these."""
    store = DuckDBStore(None)

    assert set(duckdb_keeping._GROWING) == set(store._appenders)
    store.close()


def test_the_file_stops_growing(tmp_path: Path) -> None:
    """Over a simulated month with a week kept, the file is no larger after the month than after the first fortnight."""
    store = DuckDBStore(tmp_path)
    keeping = DuckDBKeeping(store)
    sizes: list[int] = []
    for day in range(30):
        start = day * 86_400
        text = noise(day, 40)
        spans = [
            replace(
                call(number, day, at=start + number),
                span=span(
                    number,
                    day,
                    at=start + number,
                    attributes={"gen_ai.input.messages": text[number % 40] * 3, "n": number},
                ).span,
            )
            for number in range(2000)
        ]
        store.write([batch(*spans, tag=str(day))])
        now_ns = T0 - T0 % DAY_NS + (day + 1) * DAY_NS
        for kept in (Kept.CONTENTS, Kept.SPANS):
            keeping.forget(kept, now_ns - 7 * DAY_NS)
        sizes.append(store.size())

    left = store.select("SELECT count(*) AS n, min(start_ns) AS first FROM spans", {})[0]
    assert left["n"] == 2000 * 7
    assert max(sizes[15:]) <= max(sizes[:15]) * 1.1, sizes
    store.close()


def test_a_large_table_loses_whole_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a table too large to be rewritten, groups of rows go when all of them are old, and stragglers after a week."""
    monkeypatch.setattr(duckdb_keeping, "_FEW", 1000)
    store = DuckDBStore(tmp_path)
    store.write([batch(first := span(1, 1))])
    with store.lend() as cursor:
        columns = ", ".join(SPAN_COLUMNS[: SPAN_COLUMNS.index("start_ns")])
        rest = ", ".join(SPAN_COLUMNS[SPAN_COLUMNS.index("start_ns") + 1 :])
        cursor.execute(
            f"INSERT INTO spans SELECT {columns}, start_ns + n * {SECOND} AS start_ns, {rest} "  # noqa: S608
            "FROM spans, range(1, 400000) AS steps(n)"
        )
        cursor.execute("CHECKPOINT")
    keeping = DuckDBKeeping(store)
    half_ns = first.span.start_ns + 200_000 * SECOND

    gone = keeping.forget(Kept.SPANS, half_ns)

    left = store.select("SELECT count(*) AS n, max(start_ns) AS last FROM spans", {})[0]
    assert 122_880 <= gone < 200_000
    assert gone - 122_880 <= 1, "the first row may be a group of its own"
    assert (left["n"], left["last"]) == (400_000 - gone, T0 + 399_999 * SECOND)
    late_ns = half_ns + 7 * DAY_NS
    assert late_ns > T0 + 399_999 * SECOND
    assert keeping.forget(Kept.SPANS, late_ns) == 400_000 - gone
    store.close()
