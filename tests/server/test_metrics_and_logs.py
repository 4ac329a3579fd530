"""Metrics and logs of the real OpenTelemetry SDK, through its exporters and the server, to the API's answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import httpx
import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import (
    Counter,
    Histogram,
    MeterProvider,
    ObservableCounter,
    ObservableGauge,
    ObservableUpDownCounter,
    UpDownCounter,
)
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import format_span_id, format_trace_id

from served import config, running
from spanglass.server.app import Addresses

ALL_DELTA: dict[type, AggregationTemporality] = dict.fromkeys(
    (Counter, UpDownCounter, Histogram, ObservableCounter, ObservableUpDownCounter, ObservableGauge),
    AggregationTemporality.DELTA,
)
TEMPORALITIES = {"cumulative": dict[type, AggregationTemporality](), "delta": ALL_DELTA}
LATENCIES = ((0.01, 0.2), (0.2, 0.2, 0.2, 0.3), (3.0,))


class Application:
    """A process that measures: every kind of instrument, exported when it says so."""

    def __init__(self, server: Addresses, service: str, temporality: dict[type, AggregationTemporality]) -> None:
        self.resource = Resource.create({"service.name": service})
        exporter = OTLPMetricExporter(endpoint=f"{server.otlp_http}/v1/metrics", preferred_temporality=temporality)
        self.meters = MeterProvider(
            [PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)],
            self.resource,
            views=[View(instrument_name="exponential", aggregation=ExponentialBucketHistogramAggregation())],
            shutdown_on_exit=False,
        )
        self.tracers = TracerProvider(resource=self.resource, shutdown_on_exit=False)
        self.tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{server.otlp_http}/v1/traces")))
        self.observed = 0
        self.traces: list[str] = []

    def run(self) -> None:
        """Measure three rounds, an export each."""
        meter = self.meters.get_meter("test")
        orders, queue = meter.create_counter("shop/orders", "{order}"), meter.create_up_down_counter("queue")
        times, fine = meter.create_histogram("times", "s"), meter.create_histogram("exponential", "s")
        level = meter.create_gauge("level")
        meter.create_observable_counter("observed", [self._observe])
        meter.create_observable_up_down_counter("depth", [self._observe])
        meter.create_observable_gauge("height", [self._observe])
        for place, latencies in enumerate(LATENCIES):
            self.observed += 10**place
            orders.add(2, {"shop": "a"})
            orders.add(1, {"shop": "b"})
            queue.add(3 if place < 2 else -4)
            level.set(place + 0.5)
            for latency in latencies:
                with self.tracers.get_tracer("test").start_as_current_span("measured") as span:
                    times.record(latency, {"route": "/chat"})
                    self.traces.append(format_trace_id(span.get_span_context().trace_id))
                fine.record(latency)
            assert self.meters.force_flush()
        self.tracers.force_flush()

    def stop(self) -> None:
        """Let the threads end."""
        self.meters.shutdown()
        self.tracers.shutdown()

    def _observe(self, _: CallbackOptions) -> Iterable[Observation]:
        yield Observation(self.observed)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    with running(config(tmp_path_factory.mktemp("data"))) as addresses:
        yield addresses


@pytest.fixture(scope="module")
def applications(server: Addresses) -> dict[str, Application]:
    made = {service: Application(server, service, chosen) for service, chosen in TEMPORALITIES.items()}
    for application in made.values():
        application.run()
        application.stop()
    return made


def get(server: Addresses, path: str, **asked: str) -> Any:  # noqa: ANN401 - JSON of any form
    """Ask the API."""
    answer = httpx.get(f"{server.ui}/api/v1/{path}", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def shown(server: Addresses, name: str, service: str, **asked: str) -> list[list[Any]]:
    """Return the values of each line that are known, of a quarter of an hour in one step or two."""
    answer = get(server, f"metrics/{name}", service=service, step="900", **{"from": "15m"}, **asked)
    return [[value for value in line["values"] if value is not None] for line in answer["lines"]]


@pytest.mark.usefixtures("applications")
@pytest.mark.parametrize("service", TEMPORALITIES)
def test_every_instrument_gives_its_numbers(server: Addresses, service: str) -> None:
    """Counts are exact, values are the last, quantiles lie where the measurements do; in both temporalities."""

    def total(name: str, show: str = "increase", **asked: str) -> float:
        return float(sum(value for line in shown(server, name, service, show=show, **asked) for value in line))

    assert total("shop/orders") == 9
    assert total("shop/orders", filter="shop=a") == 6
    assert [sum(line) for line in shown(server, "shop%2Forders", service, show="increase", by="shop")] == [6, 3]
    assert total("observed") == 111
    assert total("times") == total("exponential") == 7
    assert total("times", "total") == pytest.approx(4.11)
    assert total("queue") == 2
    assert [line[-1] for line in shown(server, "level", service)] == [2.5]
    assert [line[-1] for line in shown(server, "height", service)] == [111]


@pytest.mark.usefixtures("applications")
def test_cumulative_up_down_counters_have_values(server: Addresses) -> None:
    """What is in the queue now is the last sum."""
    assert [line[-1] for line in shown(server, "queue", "cumulative")] == [2]
    assert [line[-1] for line in shown(server, "depth", "cumulative")] == [111]


@pytest.mark.usefixtures("applications")
@pytest.mark.parametrize("service", TEMPORALITIES)
def test_quantiles_are_near_the_measurements(server: Addresses, service: str) -> None:
    """The median of seven is 0.2: within its bucket, and within a hundredth where buckets are fine."""
    explicit, fine = (
        get(server, f"metrics/{name}", service=service, show="p50", step="86400", **{"from": "15m"})
        for name in ("times", "exponential")
    )
    medians = [[value for value in answer["lines"][0]["values"] if value is not None] for answer in (explicit, fine)]

    assert (explicit["kind"], fine["kind"], explicit["temporality"]) == (
        "histogram",
        "exponential_histogram",
        [service],
    )
    assert 0.01 <= medians[0][-1] <= 3.0
    assert medians[1][-1] == pytest.approx(0.2, rel=0.01)


@pytest.mark.parametrize("service", TEMPORALITIES)
def test_an_exemplar_leads_to_its_trace(server: Addresses, applications: dict[str, Application], service: str) -> None:
    """The largest measurement names the trace it was made in, which is there."""
    found = get(server, "metrics/times", service=service, **{"from": "15m"}, step="86400")["exemplars"]

    assert found[0]["value"] == 3.0
    assert found[0]["trace_id"] == applications[service].traces[-1]
    trace = get(server, f"traces/{found[0]['trace_id']}")
    assert [span["span_id"] for span in trace["spans"]] == [found[0]["span_id"]]


@pytest.mark.usefixtures("applications")
def test_the_list_names_them_all(server: Addresses) -> None:
    """Kinds, units, senders and series, a page at a time."""
    rows = get(server, "metrics", **{"from": "15m"})["metrics"]
    found = {(row["name"], row["temporality"]): row for row in rows}

    assert {name for name, _ in found} == {
        *("shop/orders", "queue", "times", "exponential", "level", "observed", "depth", "height"),
    }
    orders = found["shop/orders", "delta"]
    assert (orders["kind"], orders["unit"], orders["services"], orders["series"]) == ("sum", "{order}", ["delta"], 2)
    first = get(server, "metrics", limit="3", **{"from": "15m"})
    second = get(server, "metrics", limit="5", cursor=first["next_cursor"], **{"from": "15m"})
    assert {row["name"] for row in [*first["metrics"], *second["metrics"]]} == {name for name, _ in found}
    assert second["next_cursor"] is None


@pytest.mark.usefixtures("applications")
def test_an_unknown_metric_is_a_404_that_teaches(server: Addresses) -> None:
    """The answer says what is alike, and where the names are."""
    answer = httpx.get(f"{server.ui}/api/v1/metrics/shop/order")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert "Did you mean shop/orders?" in answer.json()["error"]["message"]
    assert "GET /api/v1/metrics" in answer.json()["error"]["message"]


@pytest.mark.usefixtures("applications")
@pytest.mark.parametrize(
    "asked", ["show=p50", "show=middle", "step=0", "filter=x", "from=now&to=1h", "step=1&from=30d", "q=x"]
)
def test_what_cannot_be_asked_is_a_400(server: Addresses, asked: str) -> None:
    """A gauge has no percentiles; other wrong questions are refused likewise."""
    assert httpx.get(f"{server.ui}/api/v1/metrics/level?{asked}").status_code == 400


def test_logs_stand_with_their_trace(server: Addresses) -> None:
    """What was logged within a span is found by the trace, in order; by severity and text, newest first."""
    sender = Resource.create({"service.name": "logger"})
    loggers, tracers = LoggerProvider(sender, shutdown_on_exit=False), TracerProvider(resource=sender)
    loggers.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(endpoint=f"{server.otlp_http}/v1/logs")))
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{server.otlp_http}/v1/traces")))
    logger = loggers.get_logger("shop")
    with tracers.get_tracer("test").start_as_current_span("chat") as span:
        logger.emit(body="Asked how", severity_number=SeverityNumber.INFO)
        logger.emit(body="Answer failed", severity_number=SeverityNumber.ERROR2, attributes={"order": 7})
    logger.emit(body="Outside", severity_number=SeverityNumber.WARN)
    loggers.shutdown()
    tracers.shutdown()
    context = span.get_span_context()

    of_trace = get(server, "logs", trace=format_trace_id(context.trace_id))["logs"]
    assert [row["body"] for row in of_trace] == ["Asked how", "Answer failed"]
    assert {row["span_id"] for row in of_trace} == {format_span_id(context.span_id)}
    assert (of_trace[1]["level"], of_trace[1]["attributes"]["order"], of_trace[1]["scope"]) == ("error", 7, "shop")
    warned = get(server, "logs", severity="warn", service="logger")["logs"]
    assert [row["body"] for row in warned] == ["Outside", "Answer failed"]
    assert [row["body"] for row in get(server, "logs", text="OUTSIDE")["logs"]] == ["Outside"]
    for wrong in ("trace=abc", "severity=loud", "severity=25", "from=now&to=1h", "limit=1001", "cursor=x"):
        assert httpx.get(f"{server.ui}/api/v1/logs?{wrong}").status_code == 400, wrong
