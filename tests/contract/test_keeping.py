"""What keeping house promises, on every engine: what goes is gone everywhere, and nothing else goes."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from records import SECOND, T0, UNPRICED, batch, call, computed, log, point, resource, span, span_id, trace_id
from spanglass.call import Cost, CostState, Usage
from spanglass.errors import QueryError
from spanglass.server.record import Attributes, Facts, Score, StoredSpan
from spanglass.server.store.house import keeping_of
from spanglass.server.store.keeping import TABLES, By, Keeping, Kept, Repriced, Subject
from spanglass.server.store.protocol import Parameter, Store
from spanglass.server.store.rows import SPAN_COLUMNS
from spanglass.server.store.summaries import HOUR_NS, HOUR_TABLES, MINUTE_TABLES

DAY = 24 * 3600
LATER = T0 + 40 * 24 * HOUR_NS
SUMMARIES = (*MINUTE_TABLES, *HOUR_TABLES)


@pytest.fixture
def keeping(store: Store) -> Keeping:
    """Return who keeps the house of an empty store."""
    return keeping_of(store)


def count(store: Store, table: str, which: str = "1 = 1", **values: Parameter) -> int:
    """Return how many rows of a table there are."""
    found = store.select(f"SELECT count(*) AS n FROM {table} WHERE {which}", values)[0]["n"]  # noqa: S608 - a name of our own
    assert isinstance(found, int)
    return found


def counts(store: Store) -> Mapping[str, int]:
    """Return how many rows there are of all that is sent."""
    return {table: count(store, table) for table in ("spans", "contents", "logs", "points", "scores")}


def said(stored: StoredSpan, text: str) -> StoredSpan:
    """Return a span with content."""
    return replace(stored, span=replace(stored.span, attributes={"gen_ai.input.messages": text}))


def score(trace: int | None, at: float = 0.0, response: str | None = None) -> Score:
    """Return a score of a trace or of an answer."""
    return Score(
        time_ns=T0 + round(at * SECOND),
        trace_id=None if trace is None else trace_id(trace),
        span_id=None,
        response_id=response,
        name="thumbs",
        value=1.0,
        label=None,
        explanation=None,
        source="user",
        resource=resource(),
    )


@pytest.mark.parametrize("kept", [Kept.SPANS, Kept.CONTENTS, Kept.LOGS, Kept.POINTS])
def test_what_is_old_goes_alone(store: Store, keeping: Keeping, kept: Kept) -> None:
    """Rows before the time go, those of it and later stay, other tables are as they were, and the mark says so."""
    for day in (0, 10, 20):
        spans = said(call(day, 1, at=day * DAY), "hello")
        logs, points = (log(at=day * DAY),), (point(at=day * DAY),)
        store.write([batch(spans, logs=logs, points=points)])
    before = counts(store)
    until_ns = T0 - T0 % (24 * HOUR_NS) + 20 * 24 * HOUR_NS

    assert keeping.forget(kept, until_ns) == 2
    assert keeping.forget(kept, until_ns) == 0

    assert counts(store) == {**before, kept.value: 1}
    column = TABLES[kept][0][1]
    assert count(store, kept.value, f"{column} >= $until_ns", until_ns=until_ns) == 1
    marks = store.select("SELECT max(until_ns) AS until_ns FROM marks WHERE name = $name", {"name": f"{kept}_gone"})
    assert marks[0]["until_ns"] == until_ns


def test_summaries_outlive_their_spans(store: Store, keeping: Keeping) -> None:
    """Hours still know what calls cost when spans and minutes have gone; a late call does not make them forget."""
    for day in (0, 20):
        store.write([batch(call(day, 1, at=day * DAY, usage=Usage(input_tokens=5), cost=computed("0.25"), user="ann"))])
    store.roll_up(LATER)
    until_ns = T0 - T0 % (24 * HOUR_NS) + 10 * 24 * HOUR_NS
    keeping.forget(Kept.SPANS, until_ns)
    keeping.forget(Kept.MINUTES, until_ns)
    store.write([batch(call(0, 2, at=1), tag="late")])
    store.roll_up(LATER)

    assert count(store, "call_minutes", "start_ns < $until_ns", until_ns=until_ns) == 0
    for table in ("call_hours", "user_hours"):
        hours = store.select(f"SELECT sum(cost) AS cost, sum(attempts) AS attempts FROM {table}", {})[0]  # noqa: S608 - a name of our own
        assert (hours["cost"], hours["attempts"]) == (Decimal("0.5"), 2), table


def populated(store: Store) -> None:
    """Write what ann, bob and nobody did; one trace is of both."""
    ann, bob, both, nobody = 1, 2, 3, 4
    spans = [
        said(call(ann, 1, at=1, user="ann", usage=Usage(input_tokens=1), cost=computed("1")), "from ann"),
        said(span(ann, 2, parent=1, at=2, facts=Facts()), "a tool's answer"),
        said(call(bob, 3, at=3, user="bob", usage=Usage(input_tokens=2), cost=computed("2")), "from bob"),
        said(span(both, 4, at=4, facts=Facts(user_id="ann", session_id="talk")), "from ann to bob"),
        said(span(both, 5, parent=4, at=5, facts=Facts(user_id="bob")), "from bob to ann"),
        span(nobody, 6, at=6, facts=Facts(user_id="anne")),
    ]
    logs = tuple(
        replace(log(at=1, trace=trace), attributes=attributes)
        for trace, attributes in (
            (ann, {}),
            (bob, {}),
            (None, {"user.id": "ann"}),
            (None, {"user.id": "anne"}),
            (None, {"user.id": "ANN", "what": 'said "user.id":"ann"'}),
            (None, {}),
        )
    )
    exemplars = [
        [{"value": 1, "traceId": trace_id(trace), "spanId": span_id(1), "filteredAttributes": {}}]
        for trace in (ann, bob)
    ]
    points = (
        *(replace(point(), details={"bucketCounts": [1, 2], "exemplars": one}) for one in exemplars),
        replace(point(), details={"exemplars": exemplars[0]}),
        replace(point(), attributes={"user.id": "ann"}),
        point(),
    )
    scores = (score(ann), score(bob), score(None, response="r-ann"), score(None, response="r-bob"))
    answered = replace(spans[0].facts.call, response_id="r-ann") if spans[0].facts.call else None
    spans[0] = replace(spans[0], facts=replace(spans[0].facts, call=answered))
    store.write([replace(batch(*spans, logs=logs, points=points), scores=scores)])
    store.roll_up(LATER)


def test_a_user_is_erased_everywhere(store: Store, keeping: Keeping) -> None:
    """Every trace in which the user stands goes whole, with all that names it or the user; others stay as they were."""
    populated(store)

    erased = keeping.erase(Subject(By.USER, "ann"))

    assert (erased.traces, dict(erased.rows)) == (
        2,
        {"spans": 4, "contents": 4, "logs": 2, "points": 3, "scores": 2, "user_hours": 1},
    )
    assert counts(store) == {"spans": 2, "contents": 1, "logs": 4, "points": 4, "scores": 2}
    details = store.select("SELECT details FROM points WHERE details IS NOT NULL", {})
    assert {trace_id(1) in str(row["details"]) for row in details} == {False}
    assert sum(trace_id(2) in str(row["details"]) for row in details) == 1
    assert sum('"bucketCounts":[1,2]' in str(row["details"]) for row in details) == 2
    assert count(store, "user_hours", "user_id = $id", id="ann") == 0


def test_an_id_that_was_sent_as_a_number_is_erased(store: Store, keeping: Keeping) -> None:
    """A user's id without quotes names the user as well, wherever it stands among attributes; longer numbers do not."""
    named: Sequence[Attributes] = ({"user.id": 42}, {"user.id": 42, "n": 1}, {"user.id": 421}, {"user.id": 4.25})
    logs = tuple(replace(log(at=number), attributes=attributes) for number, attributes in enumerate(named))
    points = tuple(replace(point(), attributes=attributes) for attributes in named)
    store.write([batch(logs=logs, points=points)])

    erased = keeping.erase(Subject(By.USER, "42"))

    assert (erased.rows["logs"], erased.rows["points"]) == (2, 2)
    assert (counts(store)["logs"], counts(store)["points"]) == (2, 2)


def test_sums_forget_who_is_erased(store: Store, keeping: Keeping) -> None:
    """After the next round of summaries, minutes, hours and users' hours are those of the calls that are left."""
    populated(store)
    keeping.erase(Subject(By.USER, "ann"))

    store.roll_up(LATER)

    for table in ("call_minutes", "call_hours", "user_hours"):
        row = store.select(f"SELECT sum(cost) AS cost, sum(attempts) AS attempts FROM {table}", {})[0]  # noqa: S608 - a name of our own
        assert (row["cost"], row["attempts"]) == (Decimal(2), 1), table


@pytest.mark.parametrize(
    ("subject", "spans"),
    [(Subject(By.SESSION, "talk"), {1, 2, 3, 6}), (Subject(By.TRACE, trace_id(2)), {1, 2, 4, 5, 6})],
)
def test_a_session_or_a_trace_is_erased(store: Store, keeping: Keeping, subject: Subject, spans: set[int]) -> None:
    """The traces of a session, or one trace, go; the rest stays."""
    populated(store)

    assert keeping.erase(subject).traces == 1

    left = {row["span_id"] for row in store.select("SELECT span_id FROM spans", {})}
    assert left == {span_id(number) for number in spans}


def test_nobody_is_erased(store: Store, keeping: Keeping) -> None:
    """An id that nothing has costs nothing; what is no id at all is refused before anything happens."""
    populated(store)
    before = counts(store)

    erased = keeping.erase(Subject(By.USER, "' OR 1=1 --\\%_\x00"))
    with pytest.raises(QueryError, match="32 hex digits"):
        keeping.erase(Subject(By.TRACE, "nonsense"))
    with pytest.raises(QueryError, match="1025 characters"):
        keeping.erase(Subject(By.USER, "a" * 1025))

    assert (erased.traces, sum(erased.rows.values())) == (0, 0)
    assert counts(store) == before


def test_new_prices_are_written(store: Store, keeping: Keeping) -> None:
    """A call has its new cost, every other column and call is as it was, and summaries follow."""
    store.write([batch(call(1, 1, at=1, usage=Usage(input_tokens=3), cost=UNPRICED, user="ann"), call(1, 2, at=2))])
    store.roll_up(LATER)
    others = ", ".join(name for name in SPAN_COLUMNS if not name.startswith("cost_"))
    before = store.select(f"SELECT {others} FROM spans ORDER BY start_ns", {})  # noqa: S608 - a name of our own
    cost = Cost(CostState.ESTIMATED, Decimal("0.000000000000000001"), "local", "openai/gpt", "new", Decimal(0))
    known = Repriced(T0 + SECOND, trace_id(1), span_id(1), cost)

    assert keeping.reprice([]) == 0
    assert keeping.reprice([known, replace_id(known)]) == 1
    store.roll_up(LATER)

    assert store.select(f"SELECT {others} FROM spans ORDER BY start_ns", {}) == before  # noqa: S608 - likewise
    costs = ", ".join(name for name in SPAN_COLUMNS if name.startswith("cost_"))
    first, second = store.select(f"SELECT {costs} FROM spans ORDER BY start_ns", {})  # noqa: S608 - a name of our own
    assert first == {
        "cost_state": "estimated",
        "cost_amount": cost.amount,
        "cost_input": Decimal(0),
        "cost_output": None,
        "cost_source": "local",
        "cost_price_id": "openai/gpt",
        "cost_table": "new",
        "cost_currency": "USD",
    }
    assert (second["cost_state"], second["cost_amount"]) == ("unpriced", None)
    for table in ("call_minutes", "call_hours"):
        row = store.select(f"SELECT sum(cost_estimated) AS cost, sum(unpriced) AS unpriced FROM {table}", {})[0]  # noqa: S608 - a name of our own
        assert (row["cost"], row["unpriced"]) == (cost.amount, 1), table


def replace_id(known: Repriced) -> Repriced:
    """Return the cost of a call that is not there."""
    return Repriced(known.start_ns, known.trace_id, span_id(9), known.cost)


@pytest.mark.parametrize(
    "name", [pytest.param("clickhouse", marks=pytest.mark.xdist_group("clickhouse"))], indirect=True
)
def test_bytes_leave_the_files_of_clickhouse(store: Store) -> None:
    """When ClickHouse has let go of the parts before the erasure, no file of its holds what was erased."""
    from spanglass.server.store.clickhouse import ClickHouseStore  # noqa: PLC0415 - half a second for this test alone

    assert isinstance(store, ClickHouseStore)
    # Texts stand in the files as they are, and its eight minutes need not be waited for.
    for change in ("MODIFY SETTING old_parts_lifetime = 1", "MODIFY COLUMN attributes Nullable(String) CODEC(NONE)"):
        store.run(f"ALTER TABLE contents {change}", {})
    ann, bob = ([f"{name}-{uuid.uuid4().hex}" for _ in range(50)] for name in ("ann", "bob"))
    for first, name, marks in ((1, "ann", ann), (100, "bob", bob)):
        store.write(
            [batch(*(said(call(first + n, 1, at=n, user=name), mark) for n, mark in enumerate(marks)), tag=name)]
        )
    disk = store.select("SELECT path FROM system.disks", {})[0]["path"]
    assert _held(Path(str(disk)), ann) == 50

    keeping_of(store).erase(Subject(By.USER, "ann"))

    until = time.monotonic() + 60
    while _held(Path(str(disk)), ann) and time.monotonic() < until:
        time.sleep(0.5)
    assert (_held(Path(str(disk)), ann), _held(Path(str(disk)), bob)) == (0, 50)


def _held(directory: Path, marks: Sequence[str]) -> int:
    """Return how many marks the raw bytes of all files below a directory hold."""
    held = bytearray()
    for path in directory.rglob("*.*"):
        with suppress(OSError):  # a part that has just gone
            held += path.read_bytes() if path.is_file() else b""
    return sum(mark.encode() in held for mark in marks)
