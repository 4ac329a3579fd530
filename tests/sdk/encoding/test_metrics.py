"""Our bytes of metrics are OpenTelemetry's, for every kind of point."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import AlwaysOnExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricsData
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from spanglass.sdk.encoding.metrics import MetricEncoder

NUMBERS = st.one_of(st.integers(-(2**40), 2**40), st.floats(-1e12, 1e12))
LABELS = st.dictionaries(st.text("abc", max_size=3), st.one_of(st.text(max_size=5), st.integers(-9, 9)), max_size=3)
_encoder = MetricEncoder()


def collected(values: Sequence[tuple[float, dict[str, str | int]]], *, exponential: bool) -> MetricsData:
    """What OpenTelemetry makes of values recorded on an instrument of every kind, with exemplars."""
    views = [View(instrument_name="taken", aggregation=ExponentialBucketHistogramAggregation())] if exponential else []
    reader = InMemoryMetricReader()
    provider = MeterProvider(
        [reader],
        Resource({"service.name": "shop"}),
        exemplar_filter=AlwaysOnExemplarFilter(),
        shutdown_on_exit=False,
        views=views,
    )
    meter = provider.get_meter("app", "1.2", "https://schema", {"key": "value"})
    counter, level = (
        meter.create_counter("counted", "{item}", "What is counted."),
        meter.create_up_down_counter("level"),
    )
    gauge, histogram = meter.create_gauge("now", "Cel"), meter.create_histogram("taken", "s")

    def observe(_: CallbackOptions) -> list[Observation]:
        return [Observation(abs(value), labels) for value, labels in values]

    meter.create_observable_counter("observed", [observe])
    with TracerProvider(shutdown_on_exit=False).get_tracer("app").start_as_current_span("work"):
        for value, labels in values:
            counter.add(abs(value), labels)
            level.add(value, labels)
            gauge.set(value, labels)
            histogram.record(value, labels)
    data = reader.get_metrics_data()
    provider.shutdown()
    assert data is not None
    return data


@pytest.mark.parametrize("exponential", [False, True])
@settings(max_examples=40)
@given(values=st.lists(st.tuples(NUMBERS, LABELS), min_size=1, max_size=6))
def test_the_bytes_are_those_of_opentelemetry(
    exponential: bool,  # noqa: FBT001 - a column of the table
    values: list[tuple[float, dict[str, str | int]]],
) -> None:
    """For any values on counters, gauges and both kinds of histogram the request is the same to the byte."""
    data = collected(values, exponential=exponential)
    assert _encoder.request(data) == encode_metrics(data).SerializeToString(deterministic=True)
