"""Whatever a sender claims of its metrics, they are answered or refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records import SCOPE, SECOND, T0, batch, resource
from spanglass.errors import QueryError
from spanglass.server.query.metric import SHOWS, Choice, metric
from spanglass.server.query.metrics import metrics
from spanglass.server.record import MetricPoint
from spanglass.server.store.duckdb import DuckDBStore

LATEST = 2**63 - 1
RANGES = (range(LATEST), range(T0, T0 + 60 * SECOND))
_names = count()
_odd = st.sampled_from([float("nan"), float("inf"), -1e308, 1e308, 5e-324, 0.0, 1.5])
_counts = st.lists(st.sampled_from([0, 1, 2**63, 2**64 - 1]), max_size=3)
_ints = st.sampled_from([-(2**31), -1, 0, 20, 2**31 - 1])
_side = st.fixed_dictionaries({"offset": _ints, "bucketCounts": _counts})
_exemplar = st.fixed_dictionaries(
    {
        "timeUnixNano": st.sampled_from([0, T0 + SECOND, 2**64 - 1]),
        "value": st.none() | _odd,
        "traceId": st.none() | st.just("x"),
        "spanId": st.none(),
        "filteredAttributes": st.just({"a": [1]}),
    }
)
_details = st.fixed_dictionaries(
    {},
    optional={
        "bucketCounts": _counts,
        "explicitBounds": st.lists(_odd, max_size=2),
        "scale": _ints,
        "zeroCount": st.just(2**64 - 1),
        "zeroThreshold": _odd,
        "positive": _side,
        "negative": _side,
        "min": _odd,
        "max": _odd,
        "quantileValues": st.lists(st.fixed_dictionaries({"quantile": _odd, "value": _odd}), max_size=2),
        "exemplars": st.lists(_exemplar, max_size=2),
    },
)
_points = st.builds(
    MetricPoint,
    name=st.just(""),
    unit=st.sampled_from([None, "", "s"]),
    kind=st.sampled_from(["gauge", "sum", "histogram", "exponential_histogram", "summary"]),
    temporality=st.sampled_from([None, "delta", "cumulative"]),
    monotonic=st.sampled_from([None, True, False]),
    start_ns=st.sampled_from([None, 0, T0, LATEST]),
    time_ns=st.sampled_from([0, T0, T0 + SECOND, T0 + 30 * SECOND, LATEST]),
    value=st.none() | st.sampled_from([0, 1, LATEST, -(2**63)]) | _odd,
    count=st.sampled_from([0, 1, LATEST]),
    total=st.none() | _odd,
    details=_details,
    attributes=st.sampled_from([{}, {"n": 1}, {"n": None}, {"n": [1, {"a": "é\0"}]}]),
    resource=st.sampled_from([resource(), resource(None, None)]),
    scope=st.just(SCOPE),
)


@pytest.fixture(scope="module")
def store() -> Iterator[DuckDBStore]:
    opened = DuckDBStore(None)
    yield opened
    opened.close()


@settings(max_examples=40, deadline=None)
@given(st.lists(_points, min_size=1, max_size=8), st.sampled_from([None, "n", "service"]), st.sampled_from(RANGES))
def test_every_show_of_any_points_is_answered_or_refused(
    store: DuckDBStore, points: list[MetricPoint], by: str | None, asked: range
) -> None:
    """No combination of kinds, times, numbers and buckets is a fault; answers are JSON."""
    name = f"odd {next(_names)}\0"
    store.write([batch(points=tuple(msgspec.structs.replace(point, name=name) for point in points), tag=name)])
    for show in SHOWS:
        with suppress(QueryError):
            answer = metric(store, name, start_ns=asked.start, end_ns=asked.stop, choice=Choice(show=show, by=by))
            assert msgspec.json.decode(msgspec.json.encode(answer))["name"] == name
    listed = metrics(store, start_ns=asked.start, end_ns=asked.stop, prefix=name)
    assert sum(row.points for row in listed.metrics) == sum(point.time_ns in asked for point in points)
