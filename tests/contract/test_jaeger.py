"""What Jaeger's clients are answered, the same on every engine, asked as Grafana's data source and Jaeger's UI ask."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from jaeger_client import DataSource
from records import SECOND, T0, batch, call, computed, log, resource, span, span_id, trace_id
from spanglass.server.query.dependencies import MOST_SPANS, Dependency, dependencies
from spanglass.server.record import Event, Link, Status, StoredSpan
from spanglass.server.store.protocol import Store

US = T0 // 1_000
MS = T0 // 1_000_000
RANGE = {"start": str(US), "end": str(US + 100_000_000), "lookback": "custom"}


def shop() -> list[StoredSpan]:
    """Return trace 1, of two services, with all that a span can have, trace 2, a call, and trace 3, of nobody."""
    return [
        span(
            1,
            1,
            at=10,
            lasts=3,
            name="GET /chat",
            attributes={
                "http.response.status_code": 500,
                "big": 2**60,
                "ratio": 0.5,
                "flag": False,
                "list": ("a", 1),
                "gen_ai.input.messages": '[{"role":"user"}]',
            },
            events=(Event("cache.miss", T0 + 10 * SECOND + 7_000, {"key": "k1"}),),
            links=(Link("ab" * 16, "cd" * 8, {}),),
        ),
        span(1, 2, 1, at=11.5, lasts=0.25, name="SELECT", sender=resource("db"), status=Status.ERROR),
        span(1, 3, 1, at=11, lasts=0.5, name="SELECT", sender=resource("db")),
        call(2, 4, 99, at=20, lasts=4, cost=computed("0.0021"), attributes={"team": 'say "hi"'}),
        span(3, 5, at=30, name="cron", sender=resource(None)),
    ]


@pytest.fixture
def source(store: Store) -> DataSource:
    """Return a data source over a store that holds them and log records of the first."""
    store.write([batch(*shop(), logs=(log(10.5, "said", 1), log(11, "of another", 7)))])
    return DataSource(store)


def data(source: DataSource, path: str, params: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - JSON
    """Return the data of an answer."""
    response = source.get(path, params or {})
    assert response.status_code == 200, response.text
    return response.json()["data"]


def found(source: DataSource, **more: str) -> list[str]:
    """Return the ids of the traces that a search of everything finds."""
    return [trace["traceID"] for trace in data(source, "/api/traces", {**RANGE, **more})]


def tags(span_or_process: Any) -> dict[str, tuple[str, Any]]:  # noqa: ANN401 - JSON
    """Return typed pairs by key."""
    return {tag["key"]: (tag["type"], tag["value"]) for tag in span_or_process["tags"]}


def test_services_are_listed(source: DataSource) -> None:
    """Grafana's health check and menus list services; spans that name none have one too."""
    assert data(source, "/api/services") == ["db", "shop", "unknown_service"]
    assert source.get("/api/v3/services").json() == {"services": ["db", "shop", "unknown_service"]}


def test_operations_of_a_service(source: DataSource) -> None:
    """Names once each in the path that Grafana uses, with their kind in those of Jaeger's UI."""
    assert data(source, "/api/services/shop/operations") == ["GET /chat", "chat gpt"]
    assert data(source, "/api/services/a%2Fb/operations") == []
    assert data(source, "/api/operations", {"service": "db"}) == [{"name": "SELECT", "spanKind": "internal"}]
    assert data(source, "/api/operations", {"service": "db", "spanKind": "server"}) == []
    assert source.get("/api/v3/operations", {"service": "unknown_service"}).json() == {
        "operations": [{"name": "cron", "spanKind": "internal"}]
    }


def test_a_trace_has_jaegers_form(source: DataSource) -> None:
    """Spans by start, with references, processes, microseconds, and warnings where there is something to say."""
    (trace,) = data(source, f"/api/traces/{trace_id(1)}")

    assert [s["spanID"] for s in trace["spans"]] == [span_id(number) for number in (1, 3, 2)]
    root, _, failed = trace["spans"]
    assert (root["traceID"], root["operationName"]) == (trace_id(1), "GET /chat")
    assert (root["startTime"], root["duration"]) == (US + 10_000_000, 3_000_000)
    assert root["references"] == [{"refType": "FOLLOWS_FROM", "traceID": "ab" * 16, "spanID": "cd" * 8}]
    assert failed["references"] == [{"refType": "CHILD_OF", "traceID": trace_id(1), "spanID": span_id(1)}]
    assert [trace["processes"][s["processID"]]["serviceName"] for s in trace["spans"]] == ["shop", "db", "db"]
    assert tags(trace["processes"][root["processID"]])["process.pid"] == ("int64", 7)
    assert (trace["warnings"], root["warnings"]) == (None, None)


def test_tags_are_typed(source: DataSource) -> None:
    """Values keep their type; what JavaScript would round is text; lists are JSON; content is there."""
    root = tags(data(source, f"/api/traces/{trace_id(1)}")[0]["spans"][0])

    assert root["http.response.status_code"] == ("int64", 500)
    assert root["big"] == ("int64", str(2**60))
    assert root["ratio"] == ("float64", 0.5)
    assert root["flag"] == ("bool", False)
    assert root["list"] == ("string", '["a",1]')
    assert root["gen_ai.input.messages"] == ("string", '[{"role":"user"}]')
    assert root["span.kind"] == ("string", "internal")
    assert root["otel.scope.name"] == ("string", "spanglass")
    assert "error" not in root


def test_an_error_and_a_cost_are_tags(source: DataSource) -> None:
    """Grafana marks spans by `error`; the cost is the one that spanglass shows, with its state."""
    failed = tags(data(source, f"/api/traces/{trace_id(1)}")[0]["spans"][2])
    billed = tags(data(source, f"/api/traces/{trace_id(2)}")[0]["spans"][0])

    assert (failed["error"], failed["otel.status_code"]) == (("bool", True), ("string", "ERROR"))
    assert failed["otel.status_description"] == ("string", "it broke")
    assert billed["spanglass.cost.amount"] == ("string", "0.0021")
    assert billed["spanglass.cost.state"] == ("string", "computed")


def test_events_and_log_records_are_logs(source: DataSource) -> None:
    """In order of time; a record that names no span stands at the first."""
    root = data(source, f"/api/traces/{trace_id(1)}")[0]["spans"][0]

    told = [(entry["timestamp"] - US, tags({"tags": entry["fields"]})) for entry in root["logs"]]
    assert told == [
        (10_000_007, {"event": ("string", "cache.miss"), "key": ("string", "k1")}),
        (10_500_000, {"event": ("string", "log"), "message": ("string", "said"), "level": ("string", "INFO")}),
    ]


def test_a_missing_parent_is_warned_of(source: DataSource) -> None:
    """The reference stays, and the span says why nothing is at its other end."""
    orphan = data(source, f"/api/traces/{trace_id(2)}")[0]["spans"][0]

    assert orphan["references"][0]["spanID"] == span_id(99)
    assert span_id(99) in orphan["warnings"][0]


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({"service": "shop"}, [2, 1]),
        ({"service": "unknown_service"}, [3]),
        ({"service": "shop", "operation": "chat gpt"}, [2]),
        ({"service": "shop", "operation": "SELECT"}, []),  # one span must be all that is asked
        ({"service": "db", "operation": "SELECT", "maxDuration": "300ms"}, [1]),
        ({"service": "db", "minDuration": "1s"}, []),
        ({"service": "shop", "minDuration": "3s", "maxDuration": "3.5s"}, [1]),
        ({"service": "db", "tags": '{"error":"true"}'}, [1]),
        ({"service": "shop", "tags": '{"error":"true"}'}, []),
        ({"service": "shop", "tags": '{"error":"false","http.response.status_code":"500"}'}, [1]),
        ({"service": "shop", "tags": '{"http.response.status_code":"50"}'}, []),
        ({"service": "shop", "tags": '{"flag":"false"}'}, [1]),
        ({"service": "shop", "tags": '{"ratio":"0.5"}'}, [1]),
        ({"service": "shop", "tags": '{"key":"k1"}'}, [1]),
        ({"service": "shop", "tags": '{"team":"say \\"hi\\""}'}, [2]),
        ({"service": "shop", "tags": '{"team":"say"}'}, []),
        ({"service": "shop", "tag": "process.pid:7"}, [2, 1]),
        ({"service": "shop", "tags": '{"span.kind":"internal"}'}, [2, 1]),
        ({"service": "db", "tags": '{"otel.status_code":"ERROR"}'}, [1]),
        ({"service": "shop", "limit": "1"}, [2]),
        ({"service": "shop", "limit": "0"}, [2, 1]),
        ({"service": "shop", "end": str(US + 15_000_000)}, [1]),
        ({"service": "nobody"}, []),
    ],
)
def test_a_search_finds_the_newest_traces_of_such_a_span(
    source: DataSource, asked: dict[str, str], numbers: Sequence[int]
) -> None:
    """Service, name, duration and tags must hold of one span that starts in the range; newest first."""
    assert found(source, **asked) == [trace_id(number) for number in numbers]


def test_a_search_shows_whole_traces_without_content(source: DataSource) -> None:
    """The list's name, duration and services come from all spans; what was said is left for the trace itself."""
    (trace,) = data(source, "/api/traces", {**RANGE, "service": "db"})

    assert [s["operationName"] for s in trace["spans"]] == ["GET /chat", "SELECT", "SELECT"]
    assert "gen_ai.input.messages" not in tags(trace["spans"][0])
    assert "http.response.status_code" in tags(trace["spans"][0])


def test_traces_are_found_by_several_ids(source: DataSource) -> None:
    """In the order asked, in any case and length; an id that is not stored is an error beside the others."""
    response = source.get(
        "/api/traces", [("traceID", trace_id(2).upper()), ("traceID", "abc"), ("traceID", trace_id(1))]
    )

    assert [trace["traceID"] for trace in response.json()["data"]] == [trace_id(2), trace_id(1)]
    assert response.json()["errors"] == [{"code": 404, "msg": "trace not found", "traceID": "abc".zfill(32)}]


def test_an_id_of_64_bits_has_zeros_before_it(store: Store) -> None:
    """Older tracers send 16 digits, and people paste them in upper case."""
    short = span(1, 1)
    store.write([batch(_with_trace(short, "0" * 16 + "00c0ffee00c0ffee"))])

    (trace,) = data(DataSource(store), "/api/traces/00C0FFEE00C0FFEE")

    assert trace["traceID"] == "0" * 16 + "00c0ffee00c0ffee"


def test_dependencies_are_calls_between_services(source: DataSource) -> None:
    """A span whose parent is of another service is a call; both forms say the same."""
    calls = [{"parent": "shop", "child": "db", "callCount": 2}]
    asked = {"endTs": str(MS + 100_000), "lookback": "3600000"}

    assert data(source, "/api/dependencies", asked) == calls
    assert data(source, "/api/dependencies", {**asked, "service": "db"}) == calls
    assert data(source, "/api/dependencies", {**asked, "service": "other"}) == []
    newer = {"start_time": "2025-10-09T08:00:00Z", "endTime": "2025-10-09T09:00:00.123456789+00:00"}
    assert source.get("/api/v3/dependencies", newer).json() == {"dependencies": calls}


def test_dependencies_look_at_the_newest_part_of_a_long_range(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a range has too many spans, it says since when it looked."""
    assert MOST_SPANS >= 100_000
    monkeypatch.setattr("spanglass.server.query.dependencies.MOST_SPANS", 4)
    for number in range(10):
        store.write([batch(span(number, 1, at=number * 8), span(number, 2, 1, at=number * 8, sender=resource("db")))])

    answer = dependencies(store, start_ns=T0, end_ns=T0 + 80 * SECOND)

    assert answer.start_ns == T0 + 70 * SECOND
    assert answer.calls == (Dependency("shop", "db", 1),)


def test_version_3_answers_in_otlp(source: DataSource) -> None:
    """Ids are hex, 64-bit numbers text, kinds and statuses numbers, and values keep their types."""
    blocks = source.get(f"/api/v3/traces/{trace_id(1)}").json()["result"]["resourceSpans"]

    assert [block["resource"]["attributes"][0]["value"]["stringValue"] for block in blocks] == ["shop", "db"]
    (root,) = blocks[0]["scopeSpans"][0]["spans"]
    assert blocks[0]["scopeSpans"][0]["scope"] == {"name": "spanglass", "version": "0.1"}
    assert (root["traceId"], root["spanId"], root["kind"]) == (trace_id(1), span_id(1), 1)
    assert (root["startTimeUnixNano"], root["endTimeUnixNano"]) == (str(T0 + 10 * SECOND), str(T0 + 13 * SECOND))
    assert {pair["key"]: pair["value"] for pair in root["attributes"]} == {
        "http.response.status_code": {"intValue": "500"},
        "big": {"intValue": str(2**60)},
        "ratio": {"doubleValue": 0.5},
        "flag": {"boolValue": False},
        "list": {"arrayValue": {"values": [{"stringValue": "a"}, {"intValue": "1"}]}},
        "gen_ai.input.messages": {"stringValue": '[{"role":"user"}]'},
    }
    assert root["events"][0]["timeUnixNano"] == str(T0 + 10 * SECOND + 7_000)
    assert root["links"] == [{"traceId": "ab" * 16, "spanId": "cd" * 8}]
    assert "parentSpanId" not in root
    failed = blocks[1]["scopeSpans"][0]["spans"][1]
    assert (failed["status"], failed["parentSpanId"]) == ({"message": "it broke", "code": 2}, span_id(1))


@pytest.mark.parametrize("older", [True, False])
def test_version_3_searches(source: DataSource, *, older: bool) -> None:
    """Names are read in both spellings; a plus sign that was not escaped is one all the same."""
    camel = {"serviceName": "shop", "operationName": "chat gpt", "durationMin": "1s", "searchDepth": "5"}
    snake = {"service_name": "shop", "operation_name": "chat gpt", "duration_min": "1s", "num_traces": "5"}
    times = ("start_time_min", "start_time_max") if older else ("startTimeMin", "startTimeMax")
    asked = {f"query.{name}": value for name, value in (snake if older else camel).items()}
    asked[f"query.{times[0]}"] = "2025-10-09T08:00:00.5 00:00"
    asked[f"query.{times[1]}"] = "2025-10-09T10:00:00Z"
    asked["query.attributes"] = json.dumps({"team": 'say "hi"'})

    blocks = source.get("/api/v3/traces", asked).json()["result"]["resourceSpans"]

    assert [s["traceId"] for s in blocks[0]["scopeSpans"][0]["spans"]] == [trace_id(2)]
    asked["query.attributes"] = '{"team":"x"}'
    nothing = source.get("/api/v3/traces", asked)
    assert (nothing.status_code, nothing.json()["error"]["httpCode"]) == (404, 404)


def test_a_large_trace_comes_in_pages_and_whole(store: Store) -> None:
    """Pages are joined into one document that holds every span once, with the processes of all."""
    spans = [span(1, number, at=number / 100, sender=resource(f"service{number % 3}")) for number in range(1, 2_501)]
    store.write([batch(*spans)])
    source = DataSource(store)

    (trace,) = data(source, f"/api/traces/{trace_id(1)}")
    blocks = source.get(f"/api/v3/traces/{trace_id(1)}").json()["result"]["resourceSpans"]

    assert [s["spanID"] for s in trace["spans"]] == [span_id(number) for number in range(1, 2_501)]
    assert len(trace["processes"]) == 3
    assert sum(len(scope["spans"]) for block in blocks for scope in block["scopeSpans"]) == 2_500


def test_what_is_cut_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trace with more spans, or longer texts, than are shown warns that these are the first."""
    monkeypatch.setattr("spanglass.server.api.jaeger.shown.MOST_SPANS", 3)
    store.write([batch(*(span(1, number, at=number) for number in range(1, 6)))])
    source = DataSource(store)

    (trace,) = data(source, f"/api/traces/{trace_id(1)}")

    assert [s["spanID"] for s in trace["spans"]] == [span_id(number) for number in (1, 2, 3)]
    assert "first 3 of 5 spans" in trace["warnings"][0]
    monkeypatch.setattr("spanglass.server.api.jaeger.shown._TRACE_BYTES", 1)
    assert len(data(source, f"/api/traces/{trace_id(1)}")[0]["spans"]) == 1


def test_nothing_stored_is_an_answer(store: Store) -> None:
    """An empty store has no services, no traces, and no such trace."""
    source = DataSource(store)

    assert data(source, "/api/services") == []
    assert found(source, service="shop") == []
    missing = source.get(f"/api/traces/{trace_id(1)}")
    assert missing.status_code == 404
    assert missing.json()["errors"][0]["code"] == 404
    assert "trace not found" in missing.json()["errors"][0]["msg"]


def _with_trace(stored: StoredSpan, trace: str) -> StoredSpan:
    return replace(stored, span=replace(stored.span, trace_id=trace))
