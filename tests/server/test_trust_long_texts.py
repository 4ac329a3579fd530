"""Long texts, as many as anybody sends: DuckDB writes them within its memory, and one that died comes back."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import _duckdb as duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from records import T0, batch, log, point, span, trace_id
from spanglass.errors import StoreUnavailable
from spanglass.server.record import Batch, Event, Value
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.duckdb_file import FILE_NAME
from spanglass.server.store.duckdb_spacing import END_OF_TIME, SHORT, VECTOR, Spacing, text_bytes

MEMORY_MIB: Final = 24
LENGTH: Final = 100_000
BATCHES: Final = 30
EACH: Final = 10
"""30 MB in all: more than the memory, of rows that DuckDB would read in one piece."""
DENSE: Final = """
INSERT INTO logs (time_ns, severity, body, attributes, resource)
SELECT range, 9, repeat(md5(CAST(range AS VARCHAR)), 6250), '{}', '{}' FROM range(20)
"""
"""4 MB that nothing keeps apart."""
DYING_MIB: Final = 64
"""Memory that some twenty of these fill when they are written into the file."""
SHAPES: Mapping[str, Callable[[int, str], Batch]] = {
    "log bodies": lambda number, text: batch(tag=str(number), logs=(log(body=text),)),
    "log attributes": lambda number, text: batch(
        tag=str(number), logs=(replace(log(), attributes={"dump": text, "a": 1}),)
    ),
    "content": lambda number, text: batch(span(number, attributes={"gen_ai.input.messages": text})),
    "errors": lambda number, text: batch(span(number, attributes={"exception.stacktrace": text})),
    "events": lambda number, text: batch(
        span(number, events=(Event("exception", T0, {"exception.stacktrace": text}),))
    ),
    "names": lambda number, text: batch(span(number, name=text)),
    "metrics": lambda number, text: batch(tag=str(number), points=(replace(point(), attributes={"dump": text}),)),
}


def dense_text(number: int) -> str:
    """Return a text that no compression makes much shorter."""
    return base64.b85encode(random.Random(number).randbytes(LENGTH * 4 // 5)).decode()


def fill(cursor: duckdb.DuckDBPyConnection) -> None:
    """Write rows of logs, 20 at a time, until there are 400 or the database dies of them."""
    for _ in range(20):
        cursor.execute(DENSE)


def counted(store: DuckDBStore, *, end_ns: int = END_OF_TIME) -> Mapping[str, object]:
    """Return how many rows there are of what was sent."""
    (row,) = store.select(
        "SELECT (SELECT count(*) FROM spans WHERE start_ns < $end_ns) AS spans, "
        "(SELECT count(*) FROM logs WHERE time_ns < $end_ns) AS logs, "
        "(SELECT count(*) FROM points WHERE time_ns < $end_ns) AS points",
        {"end_ns": end_ns},
    )
    return row


@pytest.mark.parametrize("shape", SHAPES)
def test_long_texts_are_written_within_the_memory(tmp_path: Path, shape: str) -> None:
    """Texts of several times the memory are kept whole, wherever they are in what is sent, also after a restart."""
    store = DuckDBStore(tmp_path, memory_mib=MEMORY_MIB)
    for number in range(BATCHES):
        store.write([SHAPES[shape](number * EACH + one, dense_text(number * EACH + one)) for one in range(EACH)])
    sums = "SELECT sum(strlen({})) AS n FROM {}"
    places = {"log bodies": ("body", "logs"), "names": ("name", "spans"), "content": ("attributes", "contents")}
    places |= {"log attributes": ("attributes", "logs"), "metrics": ("attributes", "points")}
    places |= {"errors": ("attributes", "spans"), "events": ("events", "spans")}
    held = store.select(sums.format(*places[shape]), {})[0]["n"]
    before = counted(store)
    store.close()
    store = DuckDBStore(tmp_path, memory_mib=MEMORY_MIB)
    after = counted(store)
    store.close()

    assert int(str(held)) >= BATCHES * EACH * LENGTH
    assert before == after
    assert sum(int(str(count)) for count in after.values()) == BATCHES * EACH


def test_a_database_that_died_is_opened_anew_and_keeps_what_it_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Where DuckDB gives its database up, the next write opens it again: nothing is lost, nothing counts twice."""
    store = DuckDBStore(tmp_path, memory_mib=DYING_MIB)
    store.write([batch(span(1))])
    with pytest.raises(StoreUnavailable), store.lend() as cursor:
        fill(cursor)
    with pytest.raises(StoreUnavailable), store.lend() as cursor:
        cursor.execute("SELECT 1")
    written = store.write([batch(span(1)), batch(span(2))])
    found = counted(store)

    assert sum(written.stored.values()) == 1
    assert found["spans"] == 2
    assert int(str(found["logs"])) % 20 == 0 < int(str(found["logs"]))
    assert "is opened anew" in caplog.text
    store.close()


def test_a_question_opens_a_dead_database_too(tmp_path: Path) -> None:
    """Who asks first after DuckDB has given its database up gets an answer."""
    store = DuckDBStore(tmp_path, memory_mib=DYING_MIB)
    store.write([batch(span(1))])
    with pytest.raises(StoreUnavailable), store.lend() as cursor:
        fill(cursor)

    assert counted(store)["spans"] == 1
    store.close()


def test_an_older_file_of_dense_texts_opens_and_can_be_written(tmp_path: Path) -> None:
    """A file whose last rows need more memory than there is opens, is put in order once, and takes what comes."""
    DuckDBStore(tmp_path).close()
    raw = duckdb.connect(tmp_path / FILE_NAME, config={"checkpoint_threshold": "1GiB"})
    raw.execute("PRAGMA disable_checkpoint_on_shutdown")
    fill(raw)
    raw.close()
    for number in range(2):
        store = DuckDBStore(tmp_path, memory_mib=DYING_MIB)
        for each in range(20):
            store.write([SHAPES["log bodies"](number * 20 + each, dense_text(each))])
        assert counted(store)["logs"] == 400 + (number + 1) * 20
        store.close()


def test_a_text_that_fits_nowhere_is_left_out_and_marked() -> None:
    """A row of more than a sixth of the memory loses what is too long; its short fields and its neighbours stay."""
    store = DuckDBStore(None, memory_mib=MEMORY_MIB)
    large = "\x01" * 2_000_000  # six characters each as JSON
    store.write([batch(span(1, attributes={"exception.stacktrace": large}), span(2), logs=(log(body=large, trace=1),))])
    spans = store.select(
        "SELECT attributes FROM spans WHERE start_ns < $end_ns ORDER BY attributes DESC", {"end_ns": END_OF_TIME}
    )
    logs = store.select("SELECT body, trace_id FROM logs WHERE time_ns < $end_ns", {"end_ns": END_OF_TIME})
    store.close()

    assert [row["attributes"] for row in spans] == ["{}", '{"spanglass.shed":["attributes"]}']
    assert logs == [{"body": '{"spanglass.shed":["body"]}', "trace_id": trace_id(1)}]


def test_ordinary_rows_are_kept_as_they_come() -> None:
    """Nothing lies between rows that are short, however many."""
    store = DuckDBStore(None)
    for number in range(20):
        store.write([batch(*(span(number, one) for one in range(200)), logs=(log(),) * 100, tag=str(number))])
    rows = store.select("SELECT (SELECT count(*) FROM spans) AS spans, (SELECT count(*) FROM logs) AS logs", {})
    store.close()

    assert rows == [{"spans": 4000, "logs": 2000}]


@given(st.lists(st.lists(st.integers(0, 60_000), max_size=40), max_size=8), st.integers(0, 100_000))
def test_any_stretch_of_rows_holds_no_more_than_the_budget(writes: list[list[int]], held: int) -> None:
    """Whatever the lengths, 2,048 rows in a row hold no more long text than allowed, and no row is lost or moved."""
    budget = 100_000
    spacing = Spacing(("time_ns", "body"), budget)
    spacing.begin(held)
    rows: list[tuple[Value, ...]] = []
    for lengths in writes:
        rows += spacing.spaced([(number, "x" * length) for number, length in enumerate(lengths)])
    sent = [(number, "x" * length) for lengths in writes for number, length in enumerate(lengths)]

    assert [row for row in rows if row[0] != END_OF_TIME] == sent
    places = [(place, len(str(row[1]))) for place, row in enumerate(rows) if len(str(row[1])) > SHORT]
    for first, _ in places:
        assert sum(size for place, size in places if first <= place < first + VECTOR) <= budget
    if places and held + places[0][1] > budget:
        assert places[0][0] >= VECTOR - 1
    assert text_bytes((1, "é", None)) == 2
