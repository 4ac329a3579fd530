"""Summaries say the same as the calls they are made of, on every engine, whenever those come."""

from __future__ import annotations

from records import SECOND, T0, batch, call, computed
from spanglass.call import Usage
from spanglass.server.record import Status, StoredSpan
from spanglass.server.store.protocol import Row, Store
from spanglass.server.store.summaries import HOUR_NS, MINUTE_NS

HOUR = HOUR_NS - T0 % HOUR_NS
"""From T0 to the next whole hour, ns."""
LATER = T0 + 10 * HOUR_NS
SUMS = """
SELECT sum(attempts) AS attempts, sum(retries) AS retries, sum(failed) AS failed, sum(tokens_input) AS tokens,
  sum(cost) AS cost, sum(billed) AS billed, sum(unpriced) AS unpriced,
  min(start_ns) AS first_ns, max(start_ns) AS last_ns
FROM {table}
"""
BINS = """
SELECT measure, sum(calls) AS calls, min(bin) AS low, max(bin) AS high
FROM {table}
GROUP BY measure
ORDER BY measure
"""


def calls() -> list[StoredSpan]:
    """Return calls over three minutes and two hours."""
    return [
        call(1, 1, at=1, usage=Usage(input_tokens=10), cost=computed("0.000000000000000001"), user="ann"),
        call(1, 2, at=2, status=Status.ERROR, cost=None),
        call(1, 3, at=3, resend=1, first_token=0.5, usage=Usage(input_tokens=5), cost=computed("0.5"), user="ann"),
        call(2, 4, at=70, model="new"),
        call(3, 5, at=HOUR / SECOND + 1, usage=Usage(input_tokens=1), cost=computed("1"), user="bob"),
    ]


def sums(store: Store, table: str) -> Row:
    """Return the sums of a summary."""
    return store.select(SUMS.format(table=table), {})[0]


def test_minutes_and_hours_hold_the_sums(store: Store) -> None:
    """Every table of sums has all the calls, to the last digit; those of users, the calls of users."""
    store.write([batch(*calls())])

    assert store.roll_up(LATER) == 3

    minutes = sums(store, "call_minutes")
    first_ns, last_ns = T0 + SECOND - (T0 + SECOND) % MINUTE_NS, T0 + HOUR
    assert {name: str(value) for name, value in minutes.items()} == {
        "attempts": "5",
        "retries": "1",
        "failed": "1",
        "tokens": "16",
        "cost": "1.500000000000000001",
        "billed": "4",
        "unpriced": "1",
        "first_ns": str(first_ns),
        "last_ns": str(last_ns),
    }
    hours = sums(store, "call_hours")
    assert {**hours, "first_ns": 0, "last_ns": 0} == {**minutes, "first_ns": 0, "last_ns": 0}
    assert (hours["first_ns"], hours["last_ns"]) == (T0 - T0 % HOUR_NS, T0 + HOUR)
    assert {
        row["user_id"]: row["calls"]
        for row in store.select("SELECT user_id, sum(attempts) AS calls FROM user_hours GROUP BY user_id", {})
    } == {"ann": 2, "bob": 1, None: 2}


def test_latencies_are_counted_in_bins(store: Store) -> None:
    """A duration of every attempt, a first token of every stream; a bin is 2.2 % wide."""
    store.write([batch(*calls())])
    store.roll_up(LATER)

    for table in ("latency_minutes", "latency_hours"):
        rows = [dict(row) for row in store.select(BINS.format(table=table), {})]
        assert rows == [
            {"measure": "duration", "calls": 5, "low": 956, "high": 956},
            {"measure": "first_token", "calls": 1, "low": 924, "high": 924},
        ]


def test_a_second_time_adds_nothing(store: Store) -> None:
    """Summaries are not made twice."""
    store.write([batch(*calls())])
    store.roll_up(LATER)
    before = sums(store, "call_minutes")

    assert store.roll_up(LATER) == 0
    assert sums(store, "call_minutes") == before


def test_an_hour_is_whole_before_it_is_summarised(store: Store) -> None:
    """Minutes are summarised as they pass, an hour once it is over; all its minutes are in it."""
    store.write([batch(*calls())])

    assert store.roll_up(T0 + 60 * SECOND) == 1
    assert (sums(store, "call_minutes")["attempts"], sums(store, "call_hours")["attempts"] or 0) == (3, 0)
    assert store.roll_up(T0 + HOUR + 10 * SECOND) == 1
    assert (sums(store, "call_minutes")["attempts"], sums(store, "call_hours")["attempts"]) == (4, 4)


def test_calls_that_come_late_are_in_their_minute(store: Store) -> None:
    """A call of a minute that is summarised makes that minute and its hour again, and no other."""
    store.write([batch(*calls())])
    store.roll_up(LATER)

    store.write([batch(call(9, 9, at=4, usage=Usage(input_tokens=100), user="ann"))])

    assert sums(store, "call_minutes")["attempts"] == 5
    assert store.roll_up(LATER) == 1
    assert [sums(store, table)["attempts"] for table in ("call_minutes", "call_hours")] == [6, 6]
    assert [sums(store, table)["tokens"] for table in ("call_minutes", "call_hours", "user_hours")] == [116, 116, 116]
    assert store.roll_up(LATER) == 0


def test_many_minutes_take_several_rounds(store: Store) -> None:
    """More minutes than one transaction takes on are all made."""
    store.write([batch(*(call(1, number, at=60 * number) for number in range(1, 1_600)))])

    assert store.roll_up(T0 + 40 * HOUR_NS) == 1_599
    assert [sums(store, table)["attempts"] for table in ("call_minutes", "call_hours")] == [1_599, 1_599]
