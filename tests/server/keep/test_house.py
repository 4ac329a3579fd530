"""Keeper, jobs and prices over a real store."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from records import T0, UNPRICED, batch, call, computed
from spanglass.call import Cost, CostState, Usage
from spanglass.cost.table import PriceTable
from spanglass.errors import NotFound, Overloaded, QueryError, StoreUnavailable
from spanglass.server.config import Ages
from spanglass.server.counters import Counters
from spanglass.server.keep.house import House
from spanglass.server.keep.jobs import Backup, Job, Jobs, Tell
from spanglass.server.keep.keeper import Keeper
from spanglass.server.keep.retention import DAY_NS
from spanglass.server.query.filters import ANY, Filters
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.house import keeping_of
from spanglass.server.store.keeping import By, Subject

EVERYTHING = range(2**63 - 1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    opened = DuckDBStore(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def house(store: DuckDBStore, tmp_path: Path) -> Iterator[House]:
    """Return a house whose prices know gpt, at a dollar a million tokens of input."""
    row = {"id": "gpt", "match": ["gpt"], "prices": {"input": 1, "output": 2}}
    document = {"version": "test", "providers": {"openai": {"models": [row]}}}
    (tmp_path / "prices.json").write_text(json.dumps(document))
    jobs = Jobs(threading.Lock())
    prices = PriceTable.load(str(tmp_path / "prices.json"))
    yield House(store, keeping_of(store), jobs, prices=prices, directory=tmp_path)
    jobs.close()


def ended(house: House, job: Job) -> Job:
    """Return a job when it has ended."""
    until = time.monotonic() + 30
    while (now := house.jobs.get(job.id)).state == "running":
        assert time.monotonic() < until
        time.sleep(0.01)
    return now


def test_new_prices_are_said_and_then_written(store: DuckDBStore, house: House) -> None:
    """Without `apply` nothing changes; with it calls have the new cost, and what a provider reported stays."""
    used = Usage(input_tokens=1_000_000, output_tokens=0)
    reported = Cost(CostState.REPORTED, Decimal(9), "provider")
    calls = [
        call(1, 1, usage=used, cost=UNPRICED),
        call(1, 2, at=1, usage=used, cost=computed("5")),
        call(1, 3, at=2, usage=used, cost=reported),
        call(1, 4, at=3, usage=used, cost=computed("7"), model="unknown"),
        call(1, 5, at=4, usage=None, cost=None),
    ]
    store.write([batch(*calls)])

    dry = ended(house, house.reprice(EVERYTHING, ANY, apply=False)).repricing
    before = [row["cost_amount"] for row in store.select("SELECT cost_amount FROM spans ORDER BY start_ns", {})]
    wet = ended(house, house.reprice(EVERYTHING, ANY, apply=True)).repricing

    assert dry is not None
    assert wet is not None
    assert (dry.calls, dry.changed, dry.kept, dry.applied) == (3, 3, 1, False)
    assert (dry.before.amount, dry.before.unpriced) == (Decimal(12), 1)
    assert (dry.after.amount, dry.after.unpriced, dry.after.computed) == (Decimal(2), 1, Decimal(2))
    assert before == [None, Decimal(5), Decimal(9), Decimal(7), None]
    assert (wet.after, wet.applied) == (dry.after, True)
    rows = store.select("SELECT cost_state, cost_amount FROM spans ORDER BY start_ns", {})
    assert [(row["cost_state"], row["cost_amount"]) for row in rows] == [
        ("computed", Decimal(1)),
        ("computed", Decimal(1)),
        ("reported", Decimal(9)),
        ("unpriced", None),
        (None, None),
    ]
    again = ended(house, house.reprice(EVERYTHING, Filters(model="gpt"), apply=True)).repricing
    assert again is not None
    assert (again.calls, again.changed) == (2, 0)


def test_one_absurd_count_does_not_end_a_repricing(store: DuckDBStore, house: House) -> None:
    """Whoever sends a call of as many tokens as a number can hold has it priced, as the calls beside it."""
    absurd, plain = Usage(input_tokens=2**63 - 1, output_tokens=2**63 - 1), Usage(input_tokens=1_000_000)
    store.write([batch(call(1, 1, usage=absurd, cost=UNPRICED), call(1, 2, at=1, usage=plain, cost=UNPRICED))])

    for apply in (True, False):
        job = ended(house, house.reprice(EVERYTHING, ANY, apply=apply))
        assert job.repricing is not None, job.message
        assert (job.repricing.calls, job.repricing.changed) == (2, 2 if apply else 0)


def test_one_job_at_a_time(house: House) -> None:
    """A second job is refused while one runs; the first is told with its progress, and known when it is done."""
    go, begun = threading.Event(), threading.Event()

    def work(tell: Tell) -> Backup:
        tell(0.5)
        begun.set()
        assert go.wait(10)
        return Backup(name="x", bytes=1)

    job = house.jobs.start("backup", work)
    assert begun.wait(10)
    with pytest.raises(Overloaded, match=f"backup.*{job.id}"):
        house.backup()
    assert house.jobs.get(job.id).progress == 0.5
    go.set()

    done = ended(house, job)
    assert (done.state, done.backup) == ("done", Backup(name="x", bytes=1))
    with pytest.raises(NotFound):
        house.jobs.get("0" * 16)


def test_a_failed_job_says_why(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """What the tree of errors says is told; what is not foreseen goes to the log alone, and the next job runs."""

    def full(_: Tell) -> Backup:
        raise StoreUnavailable("The disk is full.")

    def wrong(_: Tell) -> Backup:
        raise ZeroDivisionError("secret")

    first, second = (ended(house, house.jobs.start("backup", work)) for work in (full, wrong))

    assert (first.state, first.message) == ("failed", "The disk is full.")
    assert (second.state, second.message) == ("failed", "The server failed on this job; its log says why.")
    assert "secret" in caplog.text


def test_an_erasure_names_the_backups_that_remain(store: DuckDBStore, house: House) -> None:
    """What was copied before is named, a wrong id is refused at once, and no name leads out of the directory."""
    store.write([batch(call(1, 1, user="ann"), call(2, 2, user="bob"))])
    backup = ended(house, house.backup()).backup

    erasure = ended(house, house.erase(Subject(By.USER, "ann"))).erasure

    assert backup is not None
    assert erasure is not None
    assert erasure.backups == [backup.name]
    assert (erasure.traces, erasure.rows["spans"]) == (1, 1)
    assert house.backup_at(backup.name).stat().st_size == backup.bytes
    for name in ("../spanglass.duckdb", "spanglass.duckdb", "", "x" * 5000, "\0"):
        with pytest.raises(NotFound):
            house.backup_at(name)
    with pytest.raises(QueryError):
        house.erase(Subject(By.TRACE, "x"))


def test_the_keeper_sums_up_before_it_lets_go(store: DuckDBStore, caplog: pytest.LogCaptureFixture) -> None:
    """Old spans stay until they are summed up; then they go, are counted and logged, and their sums stay."""
    caplog.set_level("INFO", "spanglass.server")
    store.write([batch(call(1, 1, cost=computed("1"))), batch(call(2, 2, at=86_400 * 20, cost=computed("1")))])
    counters = Counters()
    keeper = Keeper(
        store,
        keeping_of(store),
        Ages(traces=10),
        counters=counters,
        alone=threading.Lock(),
        clock=lambda: T0 + 21 * DAY_NS,
    )

    assert keeper.remove_old() == 0
    assert keeper.roll_up() == 2
    assert keeper.remove_old() >= 1

    assert store.select("SELECT count(*) AS n FROM spans", {}) == [{"n": 1}]
    assert store.select("SELECT sum(cost) AS cost FROM call_hours", {}) == [{"cost": Decimal(2)}]
    assert counters.removed["spans"] == 1
    assert "Removed 1 rows of spans from before 2025-10-20 08:00 UTC" in caplog.text
