"""What the SDK tells of itself: exports, queues and effort, as a receiver sees them."""

from typing import Any

from otlp_receiver import Receiver, receiver, run, values
from spanglass.sdk.calls.effort import Effort
from spanglass.semconv.metrics import METRICS
from spanglass.standin.provider import create_app
from spanglass.standin.serve import serving

APP = """
import spanglass
from opentelemetry import trace
spanglass.init()
for _ in range(3): trace.get_tracer("app").start_span("one").end()
spanglass.flush(10)
trace.get_tracer("app").start_span("one").end()
spanglass.flush(10)
"""


def last(seen: Receiver, name: str) -> dict[tuple[object, ...], Any]:
    """The latest point of each label set; labels sorted by name."""
    found = {}
    for _, point in seen.points(name):
        found[tuple(value for _, value in sorted(values(point.attributes).items()))] = point
    return found


def test_exports_are_counted_by_signal_and_destination() -> None:
    """Items, bytes and durations of what was taken, and length and limit of the queues, each under its destination."""
    with receiver() as seen:
        assert run(APP, SPANGLASS_DESTINATIONS=f"otlp,{seen.endpoint}/second", endpoint=seen.endpoint).stderr == ""
        second = seen.endpoint.removeprefix("http://")
        spans = {labels: point.as_int for labels, point in last(seen, "spanglass.sdk.exported").items()}
        assert spans["otlp", "traces"] == spans[second, "traces"] == 4
        assert spans["otlp", "logs"] == 0
        assert spans["otlp", "metrics"] > 0
        sizes = {labels: point.as_int for labels, point in last(seen, "spanglass.sdk.export.size").items()}
        sent = [request for request in seen.of("traces") if not request.path.startswith("/second")]
        assert sizes["otlp", "traces"] == sum(request.body.ByteSize() for request in sent)
        assert last(seen, "spanglass.sdk.export.duration")["otlp", "traces"].count == 2
        lengths, limits = last(seen, "spanglass.sdk.queue.size"), last(seen, "spanglass.sdk.queue.limit")
        assert (lengths["otlp", "traces"].as_int, limits["otlp", "traces"].as_int) == (0, 10_240)
        assert last(seen, "spanglass.sdk.export.failures") == {}


def test_failed_exports_are_counted_by_cause_also_those_of_metrics() -> None:
    """What one destination refuses is told to the other, metrics included, with the cause as its reason."""
    with receiver() as good, receiver() as bad:
        bad.status = 401
        run(APP, SPANGLASS_DESTINATIONS=f"{good.endpoint},{bad.endpoint}")
        name = bad.endpoint.removeprefix("http://")
        failures = {labels: point.as_int for labels, point in last(good, "spanglass.sdk.export.failures").items()}
        assert failures[name, "unauthorized", "traces"] == 2
        assert failures[name, "unauthorized", "metrics"] >= 1


def test_our_own_time_on_calls_is_told() -> None:
    """After a few dozen calls the seconds of our own are above zero, and far below what the calls took."""
    script = """
import httpx2, spanglass
spanglass.init()
client = httpx2.Client()
KEY = {"authorization": "Bearer example"}
body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
for _ in range(40):
    assert client.post(f"{BASE}/chat/completions", json=body, headers=KEY).is_success
client.close()
"""
    with serving(create_app()) as base_url, receiver() as seen:
        done = run(f"BASE = {base_url!r}\n{script}", endpoint=seen.endpoint)
        assert (done.returncode, done.stderr) == (0, "")
        ((point),) = last(seen, "spanglass.sdk.hook.time").values()
        assert 0 < point.as_double < 1


def test_one_stretch_in_sixteen_stands_for_all() -> None:
    """The first is not measured, the sixteenth is, and counts sixteenfold."""
    effort = Effort()
    began = [effort.begin() for _ in range(32)]
    assert [number for number, at in enumerate(began) if at] == [15, 31]
    effort.end(began[15])
    assert effort.total_s() > 0
    assert round(effort.total_s() * 1e9) % 16 == 0


def test_the_table_holds_what_is_told() -> None:
    """Every metric of the SDK's own that leaves is a row of the table, with no label beside the row's."""
    rows = {row.name: set(row.labels) for row in METRICS}
    with receiver() as seen:
        run(APP, endpoint=seen.endpoint)
        told = {
            metric.name: metric
            for request in seen.of("metrics")
            for scope in request.body.resource_metrics[0].scope_metrics
            for metric in scope.metrics
            if metric.name.startswith("spanglass.sdk.")
        }
        assert set(told) >= {"spanglass.sdk.exported", "spanglass.sdk.hook.time", "spanglass.sdk.queue.size"}
        for name, metric in told.items():
            for point in metric.sum.data_points or metric.gauge.data_points or metric.histogram.data_points:
                assert set(values(point.attributes)) <= rows[name]
