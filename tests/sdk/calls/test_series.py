"""Values that a series adds directly end up where OpenTelemetry's own `record` puts them."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from opentelemetry import metrics
from opentelemetry.context import Context
from opentelemetry.metrics import Histogram
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, AlwaysOnExemplarFilter, ExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics import Histogram as SDKHistogram
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    InMemoryMetricReader,
)
from opentelemetry.sdk.metrics.view import DropAggregation, ExponentialBucketHistogramAggregation, View
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from spanglass.sdk.calls.series import Series

LABELS = {"b": "2", "a": "1"}
TRACE = set_span_in_context(NonRecordingSpan(SpanContext(7, 8, is_remote=False, trace_flags=TraceFlags(1))), Context())
VALUES = (0.5, 3.0, 700.0, 0.0, 3)


def _points(reader: InMemoryMetricReader) -> list[Any]:
    """What a reader was given, times aside."""
    data = reader.get_metrics_data()
    found = [] if data is None else [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics]
    return [(metric.name, *_told(point)) for metric in found for point in metric.data.data_points]


def _told(point: object) -> Iterator[object]:
    assert isinstance(point, HistogramDataPoint | ExponentialHistogramDataPoint)
    yield from (dict(point.attributes or {}), point.count, point.sum, point.min, point.max)
    yield point.bucket_counts if isinstance(point, HistogramDataPoint) else (point.scale, point.positive)
    yield [(one.value, one.trace_id, one.span_id, one.filtered_attributes or {}) for one in point.exemplars]


def _both(
    views: tuple[View, ...] = (), exemplars: ExemplarFilter | None = None
) -> tuple[Series, Histogram, InMemoryMetricReader, InMemoryMetricReader, list[MeterProvider]]:
    """A series, and a histogram of a provider that is set up alike, with a reader each."""
    readers = [InMemoryMetricReader(), InMemoryMetricReader()]
    providers = [
        MeterProvider(metric_readers=[reader], shutdown_on_exit=False, views=views, exemplar_filter=exemplars)
        for reader in readers
    ]
    ours, theirs = (provider.get_meter("test").create_histogram("h") for provider in providers)
    return Series(ours, LABELS), theirs, readers[0], readers[1], providers


def _record(series: Series, histogram: Histogram, values: Sequence[float] = VALUES) -> None:
    for value in values:
        series.record(value, TRACE)
        histogram.record(value, LABELS, TRACE)


@pytest.mark.parametrize("exemplars", [None, AlwaysOnExemplarFilter(), AlwaysOffExemplarFilter()])
@pytest.mark.parametrize(
    "views",
    [
        (),
        (View(instrument_name="h", name="renamed"),),
        (View(instrument_name="h", attribute_keys={"a"}),),
        (View(instrument_name="h", aggregation=DropAggregation()),),
        (View(instrument_name="h", aggregation=ExponentialBucketHistogramAggregation()), View(instrument_name="*")),
    ],
)
def test_points_are_those_of_record(views: tuple[View, ...], exemplars: ExemplarFilter | None) -> None:
    """Whatever views and exemplar filter say, a reader sees the same, before and after a collection."""
    series, histogram, ours, theirs, _ = _both(views, exemplars)
    for _ in range(3):
        _record(series, histogram)
        assert _points(ours) == _points(theirs)


def test_values_are_added_without_a_search() -> None:
    """The first value finds the place; without that, this module would only cost."""
    series, histogram, *_ = _both()
    _record(series, histogram, (1.0,))
    assert series._way is not None
    assert len(series._way.aggregates) == 1


def test_reader_that_comes_later_gets_values() -> None:
    """A reader that is added, or put anew as after a fork, gets every value from then on."""
    series, histogram, _, _, providers = _both()
    _record(series, histogram)
    later = [InMemoryMetricReader(), InMemoryMetricReader()]
    for provider, reader in zip(providers, later, strict=True):
        provider.add_metric_reader(reader)
    _record(series, histogram)
    assert _points(later[0]) == _points(later[1]) != []


def test_delta_points_begin_anew() -> None:
    """A reader of deltas gets what was added since its last collection."""
    reader = InMemoryMetricReader(preferred_temporality={SDKHistogram: AggregationTemporality.DELTA})
    provider = MeterProvider(metric_readers=[reader], shutdown_on_exit=False)
    series = Series(provider.get_meter("test").create_histogram("h"), LABELS)
    for count in (1, 4, 2):
        for _ in range(count):
            series.record(1.0, TRACE)
        assert [point[3] for point in _points(reader)] == [count]


def test_odd_value_goes_the_public_way(caplog: pytest.LogCaptureFixture) -> None:
    """What no histogram takes is refused by OpenTelemetry, in its own words."""
    series, histogram, ours, theirs, _ = _both()
    _record(series, histogram, (1.0, -1.0, float("nan"), float("inf"), 2.0))
    assert _points(ours) == _points(theirs)
    assert len(caplog.records) == 6


def test_instrument_of_no_sdk_is_taken() -> None:
    """A histogram of no provider, as before one is set, gets its values the public way."""
    Series(metrics.NoOpMeterProvider().get_meter("test").create_histogram("h"), LABELS).record(1.0, TRACE)
