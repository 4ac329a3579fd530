"""What every engine must keep of the `Store` contract."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from msgspec.structs import replace

from records import SECOND, T0, UNPRICED, batch, call, computed, log, point, resource, span, span_id, trace_id
from spanglass.call import Cost, CostState, Usage
from spanglass.errors import QueryError, StoreUnavailable
from spanglass.server.record import Attributes, Event, Link, Signal, Status
from spanglass.server.store.protocol import Row, Store, Written

Opener = Callable[[], Store]


def rows(store: Store, sql: str) -> list[dict[str, object]]:
    """Return what a statement without parameters finds."""
    return [dict(row) for row in store.select(sql, {})]


def only(store: Store, sql: str) -> Row:
    """Return the one row that a statement finds."""
    (row,) = store.select(sql, {})
    return row


def counted(written: Written) -> tuple[int, int]:
    """Return how many items were stored, and how many were duplicates."""
    return sum(written.stored.values()), sum(written.duplicates.values())


def test_nothing_written_is_nothing_stored(store: Store) -> None:
    """A write of no batches succeeds and adds nothing."""
    assert counted(store.write([])) == (0, 0)
    assert counted(store.write([batch()])) == (0, 0)
    assert rows(store, "SELECT * FROM spans") == []


def test_a_call_comes_back_as_it_was(store: Store) -> None:
    """Every fact of a call is kept, to the last digit and nanosecond."""
    usage = Usage(input_tokens=120, output_tokens=30, cache_read_tokens=100, reasoning_tokens=20, web_searches=2)
    cost = Cost(CostState.COMPUTED, Decimal("0.000000000000000001"), "local", "openai/gpt", "v", Decimal(0), None)
    written = store.write([batch(call(1, 2, 1, usage=usage, cost=cost, first_token=0.25, user="ann"))])

    assert counted(written) == (1, 0)
    row = only(store, "SELECT * FROM spans")
    assert {name: value for name, value in row.items() if value is not None and name != "trace_key"} == {
        "trace_id": trace_id(1),
        "span_id": span_id(2),
        "parent_span_id": span_id(1),
        "name": "chat gpt",
        "kind": "internal",
        "work": "llm",
        "start_ns": T0,
        "end_ns": T0 + SECOND,
        "status": "unset",
        "service": "shop",
        "environment": "production",
        "scope_name": "spanglass",
        "scope_version": "0.1",
        "user_id": "ann",
        "operation": "chat",
        "provider": "openai",
        "request_model": "gpt",
        "response_model": "gpt",
        "stream": True,
        "incomplete": False,
        "first_token_ns": SECOND // 4,
        "usage_estimated": False,
        "input_tokens": 120,
        "output_tokens": 30,
        "cache_read_tokens": 100,
        "reasoning_tokens": 20,
        "usage_details": '{"web_searches":2}',
        "cost_state": "computed",
        "cost_amount": Decimal("0.000000000000000001"),
        "cost_input": Decimal(0),
        "cost_source": "local",
        "cost_price_id": "openai/gpt",
        "cost_table": "v",
        "cost_currency": "USD",
        "attributes": "{}",
        "resource": '{"service.name":"shop","process.pid":7}',
        "received_ns": T0,
    }


def test_attributes_events_and_links_are_json(store: Store) -> None:
    """What no column names is JSON text: bytes as base64, no number for what is none."""
    attributes: Attributes = {
        "list": [1, "two", None],
        "bytes": b"\x00\xff",
        "nan": float("nan"),
        "deep": {"a": {"b": True}},
    }
    store.write(
        [
            batch(
                span(
                    attributes=attributes,
                    events=(Event("tick", T0 + 5, {"n": 1}),),
                    links=(Link(trace_id(9), span_id(9), {}),),
                )
            )
        ]
    )

    row = only(store, "SELECT attributes, events, links FROM spans")
    assert row["attributes"] == '{"list":[1,"two",null],"bytes":"AP8=","nan":null,"deep":{"a":{"b":true}}}'
    assert row["events"] == f'[{{"name":"tick","time_ns":{T0 + 5},"attributes":{{"n":1}}}}]'
    assert row["links"] == f'[{{"trace_id":"{trace_id(9)}","span_id":"{span_id(9)}","attributes":{{}}}}]'


def test_logs_and_points_are_kept(store: Store) -> None:
    """Logs and points come back; a whole number stays whole, beyond what a double holds."""
    written = store.write(
        [batch(logs=(log(body="a"), log(body="a")), points=(point(value=2**53 + 1), point(value=0.5)))]
    )

    assert counted(written) == (4, 0)
    assert [row["body"] for row in rows(store, "SELECT body FROM logs")] == ['"a"', '"a"']
    assert rows(store, "SELECT value_int, value_double FROM points ORDER BY value_int NULLS LAST") == [
        {"value_int": 2**53 + 1, "value_double": None},
        {"value_int": None, "value_double": 0.5},
    ]


def test_a_batch_sent_again_adds_nothing(reopen: Opener) -> None:
    """A batch counts once: in one write, in a later write, and after a restart."""
    once = batch(span(1), call(1, 2, 1), logs=(log(),), points=(point(),))
    store = reopen()

    assert counted(store.write([once, once])) == (4, 4)
    assert counted(store.write([once, batch(span(2, 3))])) == (1, 4)
    store = reopen()
    assert counted(store.write([once])) == (0, 4)
    assert only(store, "SELECT count(*) AS n FROM spans")["n"] == 3
    assert only(store, "SELECT count(*) AS n FROM logs")["n"] == 1
    assert only(store, "SELECT count(*) AS n FROM points")["n"] == 1


def test_what_was_written_is_told_by_signal(store: Store) -> None:
    """Stored and duplicates are counted apart for spans, records and points."""
    mixed = replace(batch(span()), logs=[log(), log()], points=[point()])

    first, again = store.write([mixed]), store.write([mixed])

    assert first.stored == again.duplicates == {Signal.TRACES: 1, Signal.LOGS: 2, Signal.METRICS: 1}
    assert set(first.duplicates.values()) == set(again.stored.values()) == {0}


def test_a_span_sent_again_in_another_batch_counts_once(store: Store, can: Callable[[str], bool]) -> None:
    """A collector may cut batches anew when it retries; a span with the same ids and start is the same span."""
    spans = [call(1, number, at=number, cost=computed("0.1")) for number in range(6)]
    store.write([batch(*spans[:4])])

    written = store.write([batch(*spans[2:]), batch(*spans[1:3])])

    assert counted(written) == ((2, 4) if can("count_resent_spans") else (6, 0))
    assert rows(store, "SELECT count(*) AS n, sum(cost_amount) AS cost FROM spans") == [
        {"n": 6, "cost": Decimal("0.6")}
    ]


def test_spans_that_share_ids_but_not_their_start_are_two(store: Store) -> None:
    """Client and server spans of some tracers share ids; neither is lost."""
    store.write([batch(span(1, 1, at=0), span(1, 1, at=0.001))])

    assert only(store, "SELECT count(*) AS n FROM spans")["n"] == 2


def test_spans_that_start_together_are_told_apart_by_their_ids(store: Store) -> None:
    """Clocks of milliseconds let spans start together: those not seen before are kept, those seen before are not."""
    store.write([batch(span(1, 1), span(2, 2, at=1.0))])

    store.write([batch(span(1, 1), span(1, 3), span(3, 1), span(3, 2, at=1.0))])

    assert rows(store, "SELECT DISTINCT trace_id, span_id FROM spans ORDER BY span_id, trace_id") == [
        {"trace_id": trace_id(trace), "span_id": span_id(number)}
        for number, trace in sorted(
            ((1, 1), (1, 3), (2, 2), (2, 3), (3, 1)), key=lambda key: (key[0], trace_id(key[1]))
        )
    ]


def test_unknown_stays_unknown(store: Store) -> None:
    """Sums and extremes of nothing, and a join that finds nothing, are None and not 0 or empty text."""
    store.write([batch(call(1, 1), span(1, 2))])

    assert (
        rows(
            store,
            "SELECT sum(input_tokens) AS tokens, max(service) AS service, min(start_ns) AS started"
            " FROM spans WHERE name = 'nothing of that name' GROUP BY kind",
        )
        == []
    )
    assert rows(
        store, "SELECT sum(input_tokens) AS tokens, sum(cost_amount) AS cost, max(user_id) AS u FROM spans"
    ) == [{"tokens": None, "cost": None, "u": None}]
    assert rows(
        store,
        "SELECT a.span_id AS span, b.body AS body, b.time_ns AS at FROM spans AS a"
        " LEFT JOIN logs AS b ON a.trace_id = b.trace_id ORDER BY span",
    ) == [{"span": span_id(1), "body": None, "at": None}, {"span": span_id(2), "body": None, "at": None}]
    assert rows(store, "SELECT CAST(first_token_ns AS FLOAT) AS f FROM spans") == [{"f": None}, {"f": None}]


def test_values_no_engine_holds_are_tamed(store: Store) -> None:
    """A lone surrogate, a number beyond 64 bits or a fortune in one span does not cost its neighbours."""
    odd = call(1, 2, usage=Usage(input_tokens=2**70), cost=computed("1e30"), attributes={"k\ud800": ["\udfff"]})
    odd = replace(odd, span=replace(odd.span, name="a\ud800b\x00c"))

    assert counted(store.write([batch(call(1, 1, cost=computed("0.5")), odd)])) == (2, 0)
    found = rows(
        store, "SELECT name, attributes, input_tokens, cost_state, cost_amount, cost_input FROM spans ORDER BY span_id"
    )
    assert found[0]["cost_amount"] == Decimal("0.5")
    assert found[1] == {
        "name": "a?b\x00c",
        "attributes": '{"k?":["?"]}',
        "input_tokens": 2**63 - 1,
        "cost_state": "unpriced",
        "cost_amount": None,
        "cost_input": None,
    }


def test_money_sums_exactly(store: Store) -> None:
    """Ten thousand times the tenth of a micro-dollar is a milli-dollar, not nearly one."""
    store.write([batch(*(call(1, number, cost=computed("0.0000001")) for number in range(10_000)))])

    assert only(store, "SELECT sum(cost_amount) AS cost FROM spans")["cost"] == Decimal("0.001")


@pytest.mark.parametrize(
    ("value", "sql"),
    [
        ("shop", "SELECT name FROM spans WHERE service = $value"),
        (T0, "SELECT name FROM spans WHERE start_ns = $value"),
        (1.5, "SELECT name FROM spans WHERE $value > 1"),
        (True, "SELECT name FROM spans WHERE stream = $value OR $value"),
        ("o'); DROP TABLE spans; --", "SELECT name FROM spans WHERE $value <> name"),
    ],
)
def test_parameters_are_values(store: Store, value: str | float | bool, sql: str) -> None:  # noqa: FBT001 - a table's column
    """A parameter is compared, whatever its type and whatever it holds; it is never text of the statement."""
    store.write([batch(span())])

    assert [row["name"] for row in store.select(sql, {"value": value})] == ["work"]


@pytest.mark.parametrize("sql", ["SELECT nothing FROM spans", "SELEC 1", "SELECT $unknown", "SELECT * FROM no_table"])
def test_a_statement_that_cannot_run_is_a_question_error(store: Store, sql: str) -> None:
    """A wrong statement is the asker's fault and leaves the store as it was."""
    with pytest.raises(QueryError, match="cannot be run"):
        store.select(sql, {})

    assert counted(store.write([batch(span())])) == (1, 0)


def test_a_statement_that_takes_too_long_is_stopped(store: Store) -> None:
    """After the time limit a select ends with what to do, and the store goes on."""
    store.write([batch(*(span(1, number, at=number) for number in range(2_000)))])

    with pytest.raises(QueryError, match="took longer than 3 s"):
        store.select(
            "SELECT count(*) AS n FROM spans AS a, spans AS b, spans AS c"
            " WHERE a.start_ns - b.start_ns + c.end_ns < a.end_ns",
            {},
        )

    assert counted(store.write([batch(span())])) == (1, 0)


def test_a_closed_store_says_so(reopen: Opener) -> None:
    """After close, which may be called twice, every call fails with a reason; what was written is there on opening."""
    store = reopen()
    store.write([batch(span())])
    store.close()
    store.close()

    with pytest.raises(StoreUnavailable, match="closed"):
        store.write([batch(span(2))])
    with pytest.raises(StoreUnavailable, match="closed"):
        store.select("SELECT 1", {})
    assert only(reopen(), "SELECT count(*) AS n FROM spans")["n"] == 1


def test_size_is_what_the_disk_holds(store: Store) -> None:
    """The size is above 0 once something was written."""
    store.write([batch(*(span(1, number, at=number) for number in range(100)))])

    assert store.size() > 0


def test_all_statuses_and_senders_are_kept(store: Store) -> None:
    """What is unknown of the sender is None; a status keeps its message."""
    store.write([batch(span(1, 1, status=Status.ERROR, sender=resource(None, None)), call(1, 2, cost=UNPRICED))])

    assert rows(store, "SELECT service, environment, status, status_message FROM spans ORDER BY span_id") == [
        {"service": None, "environment": None, "status": "error", "status_message": "it broke"},
        {"service": "shop", "environment": "production", "status": "unset", "status_message": None},
    ]
