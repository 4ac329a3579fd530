"""Jaeger's API: what its parameters may be, who may ask, and how it tells what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from starlette.datastructures import QueryParams

from jaeger_client import DataSource
from records import T0, batch, span, trace_id
from spanglass.errors import QueryError, StoreUnavailable
from spanglass.server.api.jaeger.reading import (
    read_calls,
    read_calls_between,
    read_duration,
    read_find,
    read_ids,
    read_kind,
    read_search,
    read_trace_id,
)
from spanglass.server.query.tagged import MOST_TAGS, Wanted, tagged_statement
from spanglass.server.record import SpanKind
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.protocol import Parameter, Row

EVIL = "'; DROP TABLE spans; --"
KEY = "Basic Z3JhZmFuYTpyaWdodA=="  # grafana:right


@pytest.fixture
def store() -> Iterator[DuckDBStore]:
    """Return a store with one trace."""
    opened = DuckDBStore(None)
    opened.write([batch(span())])
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("text", "duration_ns"),
    [
        ("1.5s", 1_500_000_000),
        ("100us", 100_000),
        ("100\u00b5s", 100_000),
        ("100\u03bcs", 100_000),
        ("1h30m", 5_400_000_000_000),
        ("1m0.5s", 60_500_000_000),
        (".5ms", 500_000),
        ("2d", 172_800_000_000_000),
        ("7ns", 7),
        ("0", 0),
        ("999999999999999999h", 2**63 - 1),
    ],
)
def test_durations_are_those_of_go(text: str, duration_ns: int) -> None:
    """Units may follow each other, with fractions; what no clock reaches is the longest there is."""
    assert read_duration("minDuration", text) == duration_ns


@pytest.mark.parametrize("text", ["", "1", "-1s", "1x", "s", "1s ", "1e3s", "1.2.3s", "\u0661s", "9" * 600 + "s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """The message names the parameter and shows one that is."""
    with pytest.raises(QueryError, match=r"minDuration .* 1h30m"):
        read_duration("minDuration", text)


@given(st.text())
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    """Nothing but a QueryError, and never a negative duration or one beyond 64 bits."""
    with suppress(QueryError):
        assert 0 <= read_duration("minDuration", text) < 2**63


@given(st.integers(0, 10**9), st.sampled_from(["us", "ms", "s", "m", "h"]))
def test_whole_durations_are_exact(number: int, unit: str) -> None:
    """A number of a unit is that many nanoseconds."""
    units = {"us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}

    assert read_duration("maxDuration", f"{number}{unit}") == min(number * units[unit], 2**63 - 1)


@given(st.text(max_size=40))
def test_any_text_is_a_trace_id_or_refused(text: str) -> None:
    """What is read is an id as stored."""
    try:
        found = read_trace_id(text)
    except QueryError:
        return
    assert len(found) == 32
    assert int(found, 16) == int(text.strip(), 16)
    assert found == found.lower()


PAIRS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("service", "operation", "tag", "tags", "start", "end", "minDuration", "maxDuration", "limit"),
                *("lookback", "traceID", "endTs", "spanKind", "startTime", "end_time", "query.attributes"),
                *("query.startTimeMin", "query.start_time_max", "query.searchDepth", "query.durationMin"),
            ]
        ),
        st.one_of(
            st.text(),
            st.sampled_from(
                ["1", "1760000000000000", "9" * 19, "2026-01-31T12:00:00Z", "2026-01-31", '{"a":"b"}', "1s"]
            ),
        ),
    )
)


@given(PAIRS)
def test_any_query_is_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    """Whatever comes, a range is within 64 bits and not empty, and a limit is bounded; else a QueryError."""
    query = QueryParams(pairs)
    for read in (read_search, read_find):
        try:
            wanted, within, limit = read(query)
        except QueryError:
            continue
        assert 0 <= within.start < within.stop < 2**63
        assert 1 <= limit <= 500
        assert wanted.service != ""
    for read_range in (read_calls, read_calls_between):
        with suppress(QueryError):
            assert 0 <= read_range(query).start < read_range(query).stop < 2**63
    with suppress(QueryError):
        assert all(len(trace_id) == 32 for trace_id in read_ids(query))
    with suppress(QueryError):
        assert read_kind(query, "spanKind") in {None, *SpanKind}


@pytest.mark.parametrize(
    ("path", "query", "says"),
    [
        ("/api/traces", {}, "service is required"),
        ("/api/traces", {"service": "shop", "start": "x"}, "start"),
        ("/api/traces", {"service": "shop", "start": "-5"}, "whole number"),
        ("/api/traces", {"service": "shop", "start": "20", "end": "10"}, "must be before"),
        ("/api/traces", {"service": "shop", "limit": "many"}, "limit"),
        ("/api/traces", {"service": "shop", "tags": "error=true"}, "JSON object"),
        ("/api/traces", {"service": "shop", "tags": '{"a":1}'}, "JSON object"),
        ("/api/traces", {"service": "shop", "tags": "[" * 5_000}, "JSON object"),
        ("/api/traces", {"service": "shop", "tags": '{"a":"' + "x" * 9_000 + '"}'}, "8192"),
        ("/api/traces", {"service": "shop", "tag": "error"}, "name:value"),
        ("/api/traces", {"service": "shop", "minDuration": "2s", "maxDuration": "1s"}, "no span is both"),
        ("/api/traces", {"service": "s" * 600}, "512"),
        ("/api/traces", {"traceID": "xyz"}, "hex digits"),
        ("/api/traces/" + "0" * 33, {}, "hex digits"),
        ("/api/operations", {}, "service is required"),
        ("/api/operations", {"service": "shop", "spanKind": "sideways"}, "internal"),
        ("/api/dependencies", {"endTs": "now"}, "endTs"),
        ("/api/v3/traces", {"query.startTimeMin": "yesterday"}, "startTimeMin"),
        ("/api/v3/traces", {"query.startTimeMin": "2026-01-31T12:00:00"}, "startTimeMin"),
        ("/api/v3/dependencies", {"startTime": "2026-01-31T12:00:00Z"}, "endTime is required"),
    ],
)
def test_what_cannot_be_asked_is_told_in_jaegers_form(
    store: DuckDBStore, path: str, query: Mapping[str, str], says: str
) -> None:
    """A 400 whose message Grafana and Jaeger's UI can show."""
    response = DataSource(store).get(path, query)

    assert response.status_code == 400
    body = response.json()
    told = body["error"] if "/v3/" in path else body["errors"][0]
    assert told["httpCode" if "/v3/" in path else "code"] == 400
    assert says in told["message" if "/v3/" in path else "msg"]


def test_values_are_never_sql(store: DuckDBStore) -> None:
    """Quotation marks, semicolons and NULs are looked for, not run."""
    source = DataSource(store)
    for evil in (EVIL, 'a"b\\', "\x00", "\U0001f600"):
        query = {"service": evil, "operation": evil, "tag": f"{evil}:{evil}", "start": "0", "end": str(T0)}
        assert source.get("/api/traces", query).json() == {
            "data": [],
            "total": 0,
            "limit": 0,
            "offset": 0,
            "errors": None,
        }
        assert source.get("/api/operations", {"service": evil}).json()["data"] == []
    assert source.get("/api/services").json()["data"] == ["shop"]


def test_an_unknown_path_is_told(store: DuckDBStore) -> None:
    """The pages of the UI do not answer for what Jaeger has and this has not."""
    response = DataSource(store).get("/api/metrics/latencies")

    assert response.status_code == 404
    assert "/api/services" in response.json()["errors"][0]["msg"]


def test_the_key_is_asked_for(store: DuckDBStore) -> None:
    """Grafana sends it as Basic's password or in a header of its own; without it nothing is told."""
    source = DataSource(store, api_key="right")

    refused = source.get("/api/services")
    assert (refused.status_code, "shop" in refused.text) == (401, False)
    assert source.get("/api/services", authorization=KEY).json()["data"] == ["shop"]
    assert source.get("/api/services", authorization="Bearer right").json()["data"] == ["shop"]


def test_too_many_tags_are_refused() -> None:
    """Each tag is a scan of three columns."""
    with pytest.raises(QueryError, match="at most 20"):
        tagged_statement(Wanted(tags={f"t{number}": "x" for number in range(MOST_TAGS + 1)}))


def test_a_search_in_sql() -> None:
    """All conditions are those of one span; every value travels as a parameter."""
    wanted = Wanted("shop", EVIL, 5, 9, {"error": "true", EVIL: EVIL, "http.status": "500", "span.kind": "client"})
    sql, asked = tagged_statement(wanted)

    assert sql == snapshot("""\
SELECT trace_key, min(start_ns) AS first_ns
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $before_ns
  AND service = $service
  AND name = $name
  AND end_ns - start_ns >= $shortest_ns
  AND end_ns - start_ns <= $longest_ns
  AND status = 'error'
  AND (position($tag_1_0 IN attributes) > 0
    OR position($tag_1_0 IN resource) > 0
    OR position($tag_1_0 IN events) > 0)
  AND (position($tag_2_0 IN attributes) > 0
    OR position($tag_2_0 IN resource) > 0
    OR position($tag_2_0 IN events) > 0
    OR position($tag_2_1 IN attributes) > 0
    OR position($tag_2_1 IN resource) > 0
    OR position($tag_2_1 IN events) > 0
    OR position($tag_2_2 IN attributes) > 0
    OR position($tag_2_2 IN resource) > 0
    OR position($tag_2_2 IN events) > 0)
  AND kind = $tag_3
GROUP BY trace_key
ORDER BY first_ns DESC, trace_key DESC
LIMIT $limit\
""")
    assert asked == snapshot(
        {
            "service": "shop",
            "name": "'; DROP TABLE spans; --",
            "shortest_ns": 5,
            "longest_ns": 9,
            "tag_1_0": '"\'; DROP TABLE spans; --":"\'; DROP TABLE spans; --"',
            "tag_2_0": '"http.status":"500"',
            "tag_2_1": '"http.status":500,',
            "tag_2_2": '"http.status":500}',
            "tag_3": "client",
        }
    )


class Failing(DuckDBStore):
    """A store that answers so many questions and is unreachable then."""

    def __init__(self, questions: int) -> None:
        super().__init__(None)
        self.left = questions

    def select(self, sql: str, parameters: Mapping[str, Parameter]) -> Sequence[Row]:
        """Answer, or fail."""
        self.left -= 1
        if self.left < 0:
            raise StoreUnavailable("It is gone; start it again.")
        return super().select(sql, parameters)


@pytest.mark.parametrize("questions", [0, 1, 2])
def test_a_store_that_fails_at_once_is_told(questions: int) -> None:
    """Until the first piece is there, a failure has its status."""
    store = Failing(questions)
    store.write([batch(span())])

    response = DataSource(store).get(f"/api/traces/{trace_id(1)}")

    assert response.status_code == 503
    assert response.json()["errors"] == [{"code": 503, "msg": "It is gone; start it again."}]
