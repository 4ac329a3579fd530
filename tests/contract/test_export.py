"""An export holds all that is kept, on every engine: what is made of it again is the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain

import pytest
from google.protobuf.message import Message
from hypothesis import Phase, given, settings
from msgspec.structs import replace

import exports
from records import SECOND, T0, batch, call, log, point, span, span_id, trace_id
from spanglass.errors import QueryError
from spanglass.server.pipeline import prepare
from spanglass.server.query.export import lines
from spanglass.server.query.filters import ANY, Filters
from spanglass.server.query.portions import Portion, Source, portions
from spanglass.server.receive.decode import Decoder
from spanglass.server.receive.limits import Limits
from spanglass.server.receive.otlp_json import to_protobuf
from spanglass.server.record import Batch, Event, Link, Resource, Signal, Value
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.protocol import Row, Store

LATEST = 2**63 - 1
"""The end of every range, which itself is in none."""
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""It takes minutes here."""
SENDER = Resource("shop", "production", {"service.name": "shop", "deployment.environment.name": "production"})
TABLES = ("spans", "contents", "logs", "points")


def exported(store: Store, signal: Signal, filters: Filters = ANY) -> list[bytes]:
    """Return the lines of a signal."""
    return list(lines(store, signal, filters, start_ns=0, end_ns=LATEST))


def understood(signal: Signal, data: bytes, received_ns: int = T0) -> Batch:
    """Return an export request as the server keeps it."""
    received = Decoder(Limits()).decode(signal, data, received_ns=received_ns)
    assert not received.rejected, received.rejected_reason
    return prepare(received)


def whole(store: Store) -> dict[str, list[str]]:
    """Return every row there is, but for what tells of the request it came in."""
    rows = {table: store.select(f"SELECT * FROM {table}", {}) for table in TABLES}  # noqa: S608 - names of our own
    return {table: sorted(_shown(row) for row in held if row.get("time_ns") != LATEST) for table, held in rows.items()}


def _shown(row: Row) -> str:
    shown = {name: value for name, value in row.items() if name not in {"received_ns", "batch", "place"}}
    for name in ("attributes", "resource", "details"):
        if isinstance(held := shown.get(name), str):
            shown[name] = json.dumps(json.loads(held), sort_keys=True)
    return repr(sorted(shown.items()))


def copied(store: Store) -> dict[str, list[str]]:
    """Return the rows of a store into which everything was imported."""
    target = DuckDBStore(None)
    for signal in Signal:
        for line in exported(store, signal):
            target.write([understood(signal, to_protobuf(signal, line))])
    found = whole(target)
    target.close()
    return found


def test_everything_comes_back(store: Store) -> None:
    """Content, events, links, nested attributes, log bodies and exemplars are the same after an import."""
    several: list[Value] = ["a", 1, 2.5, None, True]
    messages: dict[str, Value] = {"gen_ai.input.messages": "[{}]", "answer.text": "x" * 2000, "list": several}
    events = (
        Event("gen_ai.user.message", T0 + 2, {"content": "hello"}),
        Event("note", T0 + 1, {"nested": {"a": [{"b": 1}]}}),
    )
    one = span(1, 1, attributes=messages, sender=SENDER)
    two = span(1, 2, parent=1, sender=SENDER, events=events, links=(Link(trace_id(2), span_id(3), {"why": "retry"}),))
    said = replace(log(trace=1), body={"a": [1, "b"]}, attributes={"k": "v"}, event_name="event", resource=SENDER)
    exemplar = {"value": 1.5, "traceId": trace_id(1), "spanId": span_id(1), "filteredAttributes": {"a": 1}}
    details = {"bucketCounts": [1, 2], "explicitBounds": [0.5], "exemplars": [{"timeUnixNano": T0, **exemplar}]}
    counted = replace(point(value=None), kind="histogram", count=3, total=4.5, monotonic=None, details=details)
    points = tuple(replace(one, resource=SENDER) for one in (point(), point(value=0.5), counted))
    store.write([batch(one, two, logs=(said, replace(log(), resource=SENDER)), points=points)])
    before = whole(store)

    assert copied(store) == before
    assert [len(before[table]) for table in TABLES] == [2, 2, 2, 3]


@given(traces=exports.traces, logs=exports.logs, metrics=exports.metrics)
@settings(
    max_examples=40, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate)
)  # shrinking takes minutes
def test_any_telemetry_comes_back(traces: Message, logs: Message, metrics: Message) -> None:
    """Whatever was received is the same after export and import, facts and costs included."""
    store = DuckDBStore(None)
    for signal, message in ((Signal.TRACES, traces), (Signal.LOGS, logs), (Signal.METRICS, metrics)):
        received = Decoder(Limits()).decode(signal, message.SerializeToString(), received_ns=T0)
        store.write([prepare(received)])

    assert copied(store) == whole(store)
    store.close()


def test_an_export_is_narrowed(store: Store) -> None:
    """Range and filters narrow it; a filter that a signal does not have is refused."""
    store.write([batch(call(1, 1, user="ann"), call(2, 2, at=5, user="bob"), logs=(log(), log(at=5)))])

    assert [span_id(1).encode() in line for line in exported(store, Signal.TRACES, Filters(user_id="ann"))] == [True]
    late = list(lines(store, Signal.LOGS, Filters(service="shop"), start_ns=T0 + SECOND, end_ns=LATEST))
    assert sum(line.count(b"timeUnixNano") for line in late) == 1
    assert exported(store, Signal.LOGS, Filters(service="other")) == []
    with pytest.raises(QueryError, match="cannot be exported by user_id"):
        exported(store, Signal.METRICS, Filters(user_id="ann"))


def read(store: Store, part: Portion) -> Sequence[Row]:
    """Return the rows of a portion."""
    sql = (
        "SELECT span_id, start_ns FROM spans WHERE start_ns >= $since AND start_ns < $until"
        " ORDER BY start_ns, span_id LIMIT $rows OFFSET $skip"
    )
    return store.select(sql, {"since": part.since_ns, "until": part.until_ns, "rows": part.rows, "skip": part.skip})


def test_portions_hold_everything_once(store: Store) -> None:
    """Whatever the gaps and however many have one time, each row is in one portion, and none is larger than asked."""
    starts = [0, 0, 0, 0, 0, 1, 2, 2, 2, 3, 86_400, 86_400.5, 900_000, 30_000_000, 30_000_000, 30_000_000]
    spans = [span(1, number, at=at) for number, at in enumerate(starts, 1)]
    heavy = span(1, 99, at=40_000_000, attributes={"note": "x" * 900})
    store.write([batch(*spans, heavy, span(1, 100, at=40_000_001))])
    source = Source("spans", "start_ns", "length(attributes)", "", {}, "contents")

    found = list(portions(store, source, start_ns=0, end_ns=LATEST, rows=3, size=100))

    rows = [read(store, part) for part in found]
    assert [len(one) for one in rows] == [part.rows for part in found]
    assert max(map(len, rows)) <= 3
    ids = [row["span_id"] for row in chain.from_iterable(rows)]
    assert sorted(map(str, ids)) == sorted(span_id(number) for number in (*range(1, len(starts) + 1), 99, 100))
    assert [row["start_ns"] for row in chain.from_iterable(rows)] == sorted(
        [T0 + round(at * SECOND) for at in (*starts, 40_000_000, 40_000_001)]
    )


def test_nothing_is_no_portion(store: Store) -> None:
    """An empty store, and a range in which nothing is, have none."""
    source = Source("spans", "start_ns", "1", "", {})

    assert list(portions(store, source, start_ns=0, end_ns=LATEST, rows=3, size=9)) == []
    store.write([batch(span())])
    assert list(portions(store, source, start_ns=0, end_ns=T0, rows=3, size=9)) == []
