"""Figures of calls are read from what can tell them fastest, and are the same wherever they are read from."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from spanglass.server.query.bins import lower_bound_s, percentiles
from spanglass.server.query.calls import Calls, Marks, Part, parts
from spanglass.server.query.figures import Percentiles
from spanglass.server.query.filters import Filters
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.house import keeping_of
from spanglass.server.store.keeping import Kept
from spanglass.server.store.summaries import HOUR_NS, MINUTE_NS

BOTH: Final = {MINUTE_NS: "call_minutes", HOUR_NS: "call_hours"}
COUNT_IN_BINS: Final = """
SELECT sg_bin(ns) AS bin, count(*) AS calls
FROM (SELECT unnest(string_split($all, ','))::BIGINT AS ns)
GROUP BY bin
"""
EVIL: Final = "'; DROP TABLE spans; --"
minutes = st.integers(0, 5_000)
times = st.integers(0, 5_000 * MINUTE_NS)
SECOND: Final = 1_000_000_000


@given(times, times, minutes, st.sampled_from([BOTH, {MINUTE_NS: "call_minutes"}, {HOUR_NS: "user_hours"}, {}]))
def test_parts_cover_a_range_once(start_ns: int, end_ns: int, summarised: int, tables: dict[int, str]) -> None:
    """Whatever is asked for, every instant of it is read from one table, in order, and a summary only whole."""
    found = parts(start_ns, end_ns, Marks(summarised * MINUTE_NS, 0), tables)

    edges = [start_ns, *(part.until_ns for part in found)]
    assert [part.since_ns for part in found] == edges[:-1]
    assert edges[-1] == max(start_ns, end_ns if found else start_ns)
    for unit, table in tables.items():
        for part in found:
            if part.table == table:
                assert part.since_ns % unit == part.until_ns % unit == 0
                assert part.until_ns <= summarised * MINUTE_NS
    assert all(one.table != other.table for one, other in pairwise(found))


def test_hours_take_the_middle() -> None:
    """A long range is read by hour, its ends by minute, and what is left of these, from the calls."""
    start_ns, end_ns = HOUR_NS - 90 * SECOND, 3 * HOUR_NS + 61 * SECOND

    assert parts(start_ns, end_ns, Marks(4 * HOUR_NS, 0), BOTH) == (
        Part("spans", start_ns, HOUR_NS - 60 * SECOND),
        Part("call_minutes", HOUR_NS - 60 * SECOND, HOUR_NS),
        Part("call_hours", HOUR_NS, 3 * HOUR_NS),
        Part("call_minutes", 3 * HOUR_NS, 3 * HOUR_NS + 60 * SECOND),
        Part("spans", 3 * HOUR_NS + 60 * SECOND, end_ns),
    )


def test_where_minutes_are_gone_whole_hours_are_read() -> None:
    """An end of the range in an hour whose minutes are gone is read as all of that hour."""
    marks = Marks(100 * HOUR_NS, 50 * HOUR_NS)

    assert parts(10 * HOUR_NS + 7, 20 * HOUR_NS + 7, marks, BOTH) == (Part("call_hours", 10 * HOUR_NS, 21 * HOUR_NS),)


def test_where_calls_are_gone_whole_steps_are_read() -> None:
    """An end of the range among calls that are gone is read as the whole minute, or a user's whole hour."""
    marks = Marks(100 * HOUR_NS, 0, 50 * HOUR_NS)
    range_ns = (10 * HOUR_NS + 7, 11 * HOUR_NS + 7)

    assert parts(*range_ns, marks, BOTH) == (Part("call_minutes", 10 * HOUR_NS, 11 * HOUR_NS + MINUTE_NS),)
    assert parts(*range_ns, marks, {HOUR_NS: "user_hours"}) == (Part("user_hours", 10 * HOUR_NS, 12 * HOUR_NS),)


def test_short_steps_of_calls_that_are_gone() -> None:
    """Steps that only calls can tell apart are read from summaries where the calls are gone: late, but not missing."""
    store = DuckDBStore(None)
    store.roll_up(10 * HOUR_NS)
    keeping_of(store).forget(Kept.SPANS, 4 * HOUR_NS)
    asked = Calls(store, start_ns=0, end_ns=9 * HOUR_NS, filters=Filters(user_id="ann"), step_ns=1_800 * SECOND)

    assert re.findall(r"FROM (\w+)", asked.sums()[0]) == ["user_hours", "spans"]


def test_calls_from_summaries_and_spans() -> None:
    """Each part is an arm of one table, with every filter; what a user types is only ever a parameter."""
    store = DuckDBStore(None)
    store.roll_up(2 * HOUR_NS + 90 * SECOND)
    where = Filters(service=EVIL, status="ok", model=EVIL)
    calls = Calls(store, start_ns=HOUR_NS, end_ns=3 * HOUR_NS, filters=where, dimensions=["feature"])

    table, parameters = calls.sums()
    assert set(re.findall(r"\$(\w+)", table)) == parameters.keys()
    assert "DROP" not in table
    assert re.findall(r"FROM (\w+)", table) == ["call_hours", "call_minutes", "spans"]
    assert calls.latencies()[0] == snapshot("""\
(
SELECT start_ns, feature, measure, bin, calls
FROM latency_hours
WHERE start_ns >= $since_0 AND start_ns < $until_0
  AND service = $service
  AND (response_model = $model OR request_model = $model)
  AND status <> 'error'
UNION ALL
SELECT start_ns, feature, measure, bin, calls
FROM latency_minutes
WHERE start_ns >= $since_1 AND start_ns < $until_1
  AND service = $service
  AND (response_model = $model OR request_model = $model)
  AND status <> 'error'
UNION ALL
SELECT start_ns, feature, 'duration' AS measure, sg_bin(end_ns - start_ns) AS bin, 1 AS calls
FROM spans
WHERE operation IS NOT NULL AND start_ns >= $since_2 AND start_ns < $until_2
  AND service = $service
  AND (response_model = $model OR request_model = $model)
  AND status <> 'error'
UNION ALL
SELECT start_ns, feature, 'first_token' AS measure, sg_bin(first_token_ns) AS bin, 1 AS calls
FROM spans
WHERE operation IS NOT NULL AND first_token_ns IS NOT NULL AND start_ns >= $since_2 AND start_ns < $until_2
  AND service = $service
  AND (response_model = $model OR request_model = $model)
  AND status <> 'error'
)\
""")


@pytest.mark.parametrize(
    ("filters", "dimensions", "table"),
    [
        (Filters(user_id="ann"), [], "user_hours"),
        (Filters(), ["user_id", "feature"], "user_hours"),
        (Filters(session_id="s"), [], "spans"),
        (Filters(text="refund"), [], "spans"),
        (Filters(), ["session_id"], "spans"),
        (Filters(), ["finish_reasons"], "call_hours"),
    ],
)
def test_what_is_not_summarised_is_read_from_calls(filters: Filters, dimensions: list[str], table: str) -> None:
    """A filter or dimension that no summary has is answered by one that has it, else by the calls."""
    store = DuckDBStore(None)
    store.roll_up(2 * HOUR_NS)

    sql, _ = Calls(store, start_ns=0, end_ns=2 * HOUR_NS, filters=filters, dimensions=dimensions).sums()

    assert re.findall(r"FROM (\w+)", sql)[0] == table


@pytest.mark.parametrize(("step_s", "table"), [(7_200, "call_hours"), (1_800, "call_minutes"), (90, "spans")])
def test_steps_choose_the_table(step_s: int, table: str) -> None:
    """Steps of time are made of whole minutes or hours where these fit into them."""
    store = DuckDBStore(None)
    store.roll_up(4 * HOUR_NS)

    sql, _ = Calls(store, start_ns=0, end_ns=4 * HOUR_NS, step_ns=step_s * SECOND).sums()

    assert re.findall(r"FROM (\w+)", sql) == [table]


@given(st.lists(st.integers(1, 10**13), min_size=1, max_size=60))
def test_percentiles_of_bins_are_within_a_bin(durations_ns: list[int]) -> None:
    """A percentile lies within 3 % of a duration of that rank, as counted by the engine's own word."""
    store = DuckDBStore(None)
    rows = store.select(COUNT_IN_BINS, {"all": ",".join(map(str, durations_ns))})
    store.close()

    found = percentiles({int(str(row["bin"])): int(str(row["calls"])) for row in rows})

    ordered = sorted(durations_ns)
    for share, value in ((0.5, found.p50), (0.95, found.p95), (0.99, found.p99)):
        assert value is not None
        rank = math.ceil(share * len(ordered)) - 1
        assert ordered[rank] / 1e9 * 0.97 <= value <= ordered[rank] / 1e9 * 1.03


def test_nothing_has_no_percentiles() -> None:
    """What was not measured is unknown, not 0."""
    assert percentiles({}) == Percentiles()


def test_bins_double_after_32() -> None:
    """A bin's bound is twice that of 32 bins before."""
    assert lower_bound_s(960) == pytest.approx(2 * lower_bound_s(928))
