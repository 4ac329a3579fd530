"""How counts grow, against a slow reference that goes from point to point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, groupby
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records import SCOPE, SECOND, T0, batch, resource
from spanglass.server.query.metric import Choice, metric
from spanglass.server.query.metric_measures import BEFORE_NS
from spanglass.server.record import MetricPoint
from spanglass.server.store.duckdb import DuckDBStore

STEP = 10
END = 60
_names = count()


class Point(NamedTuple):
    """One point; times in seconds from T0."""

    series: int
    start: int | None
    at: int
    value: int | float
    delta: bool


@pytest.fixture(scope="module")
def store() -> Iterator[DuckDBStore]:
    opened = DuckDBStore(None)
    yield opened
    opened.close()


def stored(point: Point, name: str) -> MetricPoint:
    """Return the point as it is stored."""
    return MetricPoint(
        name=name,
        unit=None,
        kind="sum",
        temporality="delta" if point.delta else "cumulative",
        monotonic=True,
        start_ns=None if point.start is None else T0 + point.start * SECOND,
        time_ns=T0 + point.at * SECOND,
        value=point.value,
        count=None,
        total=None,
        details={},
        attributes={"series": point.series, "delta": point.delta},
        resource=resource(),
        scope=SCOPE,
    )


def reference(points: Sequence[Point]) -> list[int | float | None]:
    """Return the growth of each step, by the rules in the words of the documentation."""
    steps: dict[int, int | float] = {}
    since = -BEFORE_NS // SECOND
    for point in points:
        if point.delta and 0 <= point.at < END:
            steps[point.at // STEP] = steps.get(point.at // STEP, 0) + point.value
    streams = sorted((one for one in points if not one.delta and since <= one.at < END), key=stream)
    for _, of_stream in groupby(streams, key=stream):
        before: Point | None = None
        for point in sorted(of_stream, key=lambda one: one.at):
            grown: int | float | None
            if before is None:
                began = point.start is not None and since <= point.start < point.at
                grown = point.value if began else None
            else:
                grown = point.value if point.value < before.value else point.value - before.value
            before = point
            if grown is not None and point.at >= 0:
                steps[point.at // STEP] = steps.get(point.at // STEP, 0) + grown
    return [steps.get(step) for step in range(END // STEP)]


def stream(point: Point) -> tuple[int, int]:
    """Return what tells a stream: the series and its start."""
    return point.series, -(10**6) if point.start is None else point.start


points = st.lists(
    st.builds(
        Point,
        series=st.integers(0, 2),
        start=st.sampled_from([None, -900, -30, 5, 25]),
        at=st.integers(-700, 70),
        value=st.integers(0, 2**60),
        delta=st.booleans(),
    ),
    min_size=1,
    max_size=30,
    unique_by=lambda point: (stream(point), point.at),
)


@settings(max_examples=150, deadline=None)
@given(points)
def test_growth_is_that_of_the_slow_reference(store: DuckDBStore, some: list[Point]) -> None:
    """Whatever starts, falls, stops or mixes temporalities: exact to the last unit, unknown where unknown."""
    name = f"metric {next(_names)}"
    in_range = [point for point in some if 0 <= point.at < END]
    store.write([batch(points=tuple(stored(point, name) for point in some), tag=name)])
    if not in_range:
        return
    choice = Choice(show="increase", step_ns=STEP * SECOND)
    answer = metric(store, name, start_ns=T0, end_ns=T0 + END * SECOND, choice=choice)
    apart = metric(store, name, start_ns=T0, end_ns=T0 + END * SECOND, choice=choice._replace(by="series"))

    assert list(answer.lines[0].values if answer.lines else [None] * (END // STEP)) == reference(some)
    for line in apart.lines:
        assert list(line.values) == reference([point for point in some if str(point.series) == line.label])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=20))
def test_growth_of_fractions_adds_up(store: DuckDBStore, values: list[float]) -> None:
    """The steps of a counter that only rises add up to its last value less its first."""
    name = f"metric {next(_names)}"
    rising = [Point(0, None, 3 * place, value, False) for place, value in enumerate(sorted(values))]
    store.write([batch(points=tuple(stored(point, name) for point in rising), tag=name)])
    answer = metric(
        store, name, start_ns=T0, end_ns=T0 + END * SECOND, choice=Choice(show="increase", step_ns=STEP * SECOND)
    )

    grown = sum(value or 0 for value in answer.lines[0].values)
    assert grown == pytest.approx(rising[-1].value - rising[0].value, abs=1e-6)
