"""What the server says and keeps where things are strange: odd clocks, large resources, a full disk, a damaged file."""

from __future__ import annotations

import json
import random
import threading
import time
from pathlib import Path

import pytest

from exports import export, span_message
from records import T0, batch, call, computed, log, span
from spanglass.errors import StoreUnavailable
from spanglass.server.allowance import Allowance
from spanglass.server.api import health
from spanglass.server.config import Ages
from spanglass.server.counters import Counters
from spanglass.server.keep.keeper import Keeper
from spanglass.server.receive.clocks import clock_off
from spanglass.server.receive.decode import Decoder
from spanglass.server.receive.limits import SHARED, Limits
from spanglass.server.record import Received, Resource, Signal
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.duckdb_file import FILE_NAME
from spanglass.server.store.house import keeping_of

YEAR_S = 31_557_600


def notices(counters: Counters) -> list[str]:
    """Return what `/healthz` tells a person."""
    told = json.loads(bytes(health.report(0, counters, Allowance(1000), {}).body))["notices"]
    return [str(notice) for notice in told]


def received(*, starts_ns: int, lasts_ns: int = 1, received_ns: int = T0) -> Received:
    message = span_message()
    message.start_time_unix_nano, message.end_time_unix_nano = starts_ns, starts_ns + lasts_ns
    return Decoder(Limits()).decode(Signal.TRACES, export([message]).SerializeToString(), received_ns=received_ns)


@pytest.mark.parametrize(
    ("starts_ns", "told"),
    [
        (T0, None),
        (T0 - 30 * 86_400 * 10**9, None),
        (T0 + 60 * 10**9, None),
        (T0 + 3 * 3_600 * 10**9, "The clock of shop is 3 hours ahead of this server's"),
        (2**63 - 10, "The clock of shop is 236 years ahead of"),
        (1, "The clock of shop is 56 years behind this server's"),
    ],
    ids=["right", "sent late", "a little ahead", "another zone", "2262", "1970"],
)
def test_a_clock_that_is_off_is_told(starts_ns: int, told: str | None) -> None:
    """Spans that end after they came, or before there were any, make a notice; those that waited to be sent do not."""
    counters = Counters()
    off = clock_off(received(starts_ns=starts_ns))
    if off is not None:
        counters.note_clock(*off)

    assert [notice[: len(told or "")] for notice in notices(counters)] == ([] if told is None else [told])


def test_spans_of_any_time_cost_bounded_work() -> None:
    """Spans of 1970 and of 2262 are summarised in as many minutes as they start in, and do not hide the others."""
    store = DuckDBStore(None)
    day = 86_400.0
    odd = (-T0 / 1e9, -T0 / 1e9 + day, 200 * 365 * day)
    store.write([batch(*(call(number, number, at=at, cost=computed("1")) for number, at in enumerate((*odd, 0.0))))])
    began = time.monotonic()
    made = store.roll_up(T0 + 3_600 * 10**9)
    store.write([batch(call(9, 9, at=odd[0] + 1, cost=computed("1")))])
    again = store.roll_up(T0 + 3_700 * 10**9)
    took = time.monotonic() - began
    gone = keeping_of(store)
    keeper = Keeper(store, gone, Ages(traces=30), counters=Counters(), alone=threading.Lock(), clock=lambda: T0 + 10**9)
    keeper.remove_old()
    rows = store.select("SELECT start_ns FROM spans ORDER BY start_ns", {})
    store.close()

    assert (made, again) == (3, 1)
    assert took < 10
    assert [row["start_ns"] for row in rows] == [T0, T0 + round(200 * 365 * day) * 10**9]


def test_a_large_resource_is_not_repeated_with_every_span() -> None:
    """Of a resource of megabytes the longest values go, with a mark: a thousand spans would repeat them."""
    store = DuckDBStore(None)
    sender = Resource(
        "shop", None, {"service.name": "shop", "dump": "x" * 1_000_000, "k8s.pod.name": "p", "env": "y" * 9_000}
    )
    store.write([batch(*(span(number, sender=sender) for number in range(1_000)))])
    (row,) = store.select("SELECT resource, count(*) AS n FROM spans GROUP BY resource", {})
    store.close()

    assert (row["n"], json.loads(str(row["resource"]))) == (
        1_000,
        {"service.name": "shop", "k8s.pod.name": "p", "spanglass.shed": ["dump", "env"]},
    )


def test_names_that_many_items_share_are_cut() -> None:
    """A service, a scope or a metric of megabytes is cut: each of its items repeats it in its row."""
    message = export([span_message()], service="s" * 5_000_000)
    message.resource_spans[0].scope_spans[0].scope.name = "n" * 5_000_000
    (sent,) = Decoder(Limits()).decode(Signal.TRACES, message.SerializeToString(), received_ns=T0).spans

    assert sent.resource.service == "s" * SHARED
    assert sent.scope.name == "n" * SHARED


def test_a_house_that_fails_is_told_until_it_is_kept() -> None:
    """Summaries that cannot be made are a notice, with the reason; once they are made it goes."""
    counters, store = Counters(), DuckDBStore(None)
    keeper = Keeper(store, keeping_of(store), Ages(), counters=counters, alone=threading.Lock())
    failing: list[StoreUnavailable] = [StoreUnavailable("the disk is gone")]

    def roll_up() -> None:
        if failing:
            raise failing.pop()

    keeper._do(roll_up)
    told = notices(counters)
    keeper._do(roll_up)
    store.close()

    assert told == ["Keeping house has to wait (roll up): the disk is gone"]
    assert notices(counters) == []


def test_a_disk_that_is_nearly_full_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where less than 2 GiB and a twentieth of the disk are free, `/healthz` says so; no directory is no fault."""
    counters = Counters(tmp_path)
    monkeypatch.setattr(health, "_LITTLE_BYTES", 0)
    enough = notices(counters)
    monkeypatch.setattr(health, "_LITTLE_BYTES", 2**60)
    monkeypatch.setattr(health, "_LITTLE", 1.0)

    assert enough == []
    assert [f"The disk of {tmp_path} is nearly full" in notice for notice in notices(counters)] == [True]
    assert notices(Counters(tmp_path / "gone")) == []


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_file_is_told_and_ends_nothing(tmp_path: Path, seed: int) -> None:
    """Bytes overwritten anywhere, or a file cut short: it opens or says what to do, and so do questions and writes."""
    store = DuckDBStore(tmp_path)
    for number in range(20):
        store.write([batch(*(span(number, one) for one in range(200)), logs=(log(trace=number),), tag=str(number))])
    store.close()
    file, chance = tmp_path / FILE_NAME, random.Random(seed)
    data = bytearray(file.read_bytes())
    if seed % 3 == 0:
        del data[chance.randrange(len(data)) :]
    else:
        for _ in range(chance.choice((1, 3, 30))):
            place = chance.randrange(len(data))
            data[place : place + 64] = chance.randbytes(64)
    file.write_bytes(data)

    def attempt() -> str:
        try:
            store = DuckDBStore(tmp_path)
        except StoreUnavailable as error:
            return str(error)
        told = ""
        try:
            for columns in ("max(name), max(attributes), max(resource)", "max(start_ns), max(span_id), max(work)"):
                store.select(f"SELECT {columns} FROM spans", {})  # noqa: S608 - names of our own
            store.select("SELECT max(body) FROM logs", {})
            store.write([batch(span(99, 1))])
        except StoreUnavailable as error:
            told = str(error)
        finally:
            try:
                store.close()
            except StoreUnavailable as error:
                told = str(error)
        return told

    told = [attempt(), attempt()]

    for one in told:
        assert not one or any(
            cure in one for cure in ("restore a backup", "move the file away", "free disk", "upgrade")
        ), one
