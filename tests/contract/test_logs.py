"""What the question on logs answers, the same on every engine."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from records import SECOND, T0, batch, log, resource, span, span_id, trace_id
from spanglass.errors import QueryError
from spanglass.server.query.logs import LogFilters, LogRow, Logs, logs
from spanglass.server.record import LogRecord
from spanglass.server.store.protocol import Store

END = T0 + 100 * SECOND
_tags = count()


def keep(store: Store, *records: LogRecord) -> None:
    """Write records."""
    store.write([batch(logs=records, tag=str(next(_tags)))])


def asked(store: Store, *, cursor: str | None = None, limit: int = 100, **narrowed: Any) -> Logs:  # noqa: ANN401
    """Ask for the logs of the whole time."""
    filters = LogFilters(**narrowed)
    return logs(store, start_ns=T0, end_ns=END, filters=filters, cursor=cursor, limit=limit)


def bodies(rows: tuple[LogRow, ...]) -> list[Any]:
    """Return what records say."""
    return [json.loads(bytes(row.body)) for row in rows]


def everything(store: Store, limit: int, **narrowed: Any) -> list[Any]:  # noqa: ANN401
    """Return what all pages say, one after the other."""
    said: list[Any] = []
    cursor: str | None = None
    while True:
        page = asked(store, cursor=cursor, limit=limit, **narrowed)
        assert 0 < len(page.logs) <= limit or not said
        said += bodies(page.logs)
        cursor = page.next_cursor
        if cursor is None:
            return said


def test_logs_are_listed_newest_first(store: Store) -> None:
    """A record is shown as it was sent: body, severity and attributes; the range's end is not in it."""
    said = replace(
        log(2.5, trace=1),
        body={"a": [1, None, "é"]},
        severity=18,
        severity_text="ERR",
        event_name="order.failed",
        span_id=span_id(7),
        attributes={"n": 1},
    )
    keep(store, log(1, "first"), said, replace(log(3, "bare"), severity=0, severity_text=None, body=None))
    keep(store, log(100, "late"), log(-1, "early"))
    bare, row, first = asked(store).logs

    assert (row.time, row.time_ns) == (T0 / SECOND + 2.5, str(T0 + 2_500_000_000))
    assert (row.level, row.severity, row.severity_text, row.event) == ("error", 18, "ERR", "order.failed")
    assert (row.trace_id, row.span_id, row.service, row.environment) == (trace_id(1), span_id(7), "shop", "production")
    assert row.scope == "spanglass"
    assert [json.loads(bytes(part)) for part in (row.body, row.attributes)] == [{"a": [1, None, "é"]}, {"n": 1}]
    assert json.loads(bytes(row.resource))["process.pid"] == 7
    assert (bare.level, bare.severity, bytes(bare.body)) == (None, None, b"null")
    assert bodies((first,)) == ["first"]


def test_pages_hold_each_record_once(store: Store) -> None:
    """Pages of any size go on where the one before ended, also between records of one time."""
    keep(store, *(log(at // 4, f"{at}") for at in range(20)), *(log(2, f"same {place}") for place in range(7)))
    whole = bodies(asked(store).logs)

    assert len(whole) == 27
    for limit in (1, 2, 5, 27, 30):
        assert everything(store, limit) == whole


def test_pages_stay_when_logs_arrive(store: Store) -> None:
    """What is newer than the first page does not move the next."""
    keep(store, *(log(at, f"{at}") for at in range(5)))
    first = asked(store, limit=2)
    keep(store, log(50, "new"))

    assert bodies(asked(store, limit=2, cursor=first.next_cursor).logs) == ["2", "1"]


def test_a_page_has_no_more_text_than_fits(store: Store) -> None:
    """Long records come on a page of their own; none is left out."""
    keep(store, *(log(at, f"{at}" + "x" * 3_000_000) for at in range(3)))

    assert [said[0] for said in everything(store, 100)] == ["2", "1", "0"]
    assert len(asked(store).logs) == 1


@pytest.mark.parametrize(
    ("narrowed", "said"),
    [
        ({"service": "db"}, ["slow"]),
        ({"environment": "production"}, ["ordered", "hello"]),
        ({"span_id": span_id(3).upper()}, ["ordered"]),
        ({"severity": 9}, ["ordered", "hello"]),
        ({"severity": 10}, ["ordered"]),
        ({"event": "order"}, ["ordered"]),
        ({"text": "ORDER"}, ["ordered"]),
        ({"text": 'say "hi"'}, ["slow"]),
        ({"text": "nothing of the kind"}, []),
        ({"service": "shop", "severity": 9, "text": "hell"}, ["hello"]),
    ],
)
def test_logs_narrow(store: Store, narrowed: dict[str, Any], said: list[str]) -> None:
    """Every filter holds of each record; text is found in bodies, attributes and names of events."""
    keep(
        store,
        log(1, "hello"),
        replace(log(2, "ordered"), severity=17, event_name="order", span_id=span_id(3)),
        replace(log(3, "slow"), severity=0, resource=resource("db", "staging"), attributes={"q": 'say "hi"'}),
    )

    assert bodies(asked(store, **narrowed).logs) == said


def test_the_logs_of_a_trace_come_in_its_order(store: Store) -> None:
    """They are looked for around the trace's spans, and everywhere where it has none."""
    store.write([batch(span(1, 1, at=10, lasts=5))])
    keep(store, *(log(at, f"{at}", trace=1) for at in (12, 11, 700, 5000)), log(11, "other", trace=2))
    keep(store, *(log(at, f"{at}", trace=3) for at in (9000, 1)))

    def of(trace: int, **more: Any) -> Logs:  # noqa: ANN401
        return logs(store, filters=LogFilters(trace_id=trace_id(trace)), **more)

    first = of(1, limit=2)
    assert bodies(first.logs) == ["11", "12"]
    assert (first.start, first.end) == (T0 / SECOND - 590, T0 / SECOND + 615)
    assert bodies(of(1).logs) == ["11", "12"]
    assert bodies(of(3).logs) == ["1", "9000"]
    assert (of(3).start, of(3).end) == (None, None)
    assert bodies(of(1, start_ns=T0 + 600 * SECOND).logs) == ["700", "5000"]
    assert everything(store, 1, trace_id=trace_id(1)) == ["11", "12"]


def test_what_cannot_be_asked_is_said(store: Store) -> None:
    """Ids, ranges, limits and cursors that are none are told apart."""
    for narrowed, message in (
        ({"trace_id": "abc"}, "no trace id; one has 32"),
        ({"span_id": "g" * 16}, "no span id; one has 16"),
        ({"text": ""}, "text to find has 0"),
        ({"limit": 0}, "limit is 0"),
        ({"limit": 1001}, "use 1 to 1000"),
        ({"cursor": "x"}, "cursor is not one"),
    ):
        with pytest.raises(QueryError, match=message):
            asked(store, **narrowed)
    with pytest.raises(QueryError, match="range is empty"):
        logs(store, start_ns=END, end_ns=T0)
