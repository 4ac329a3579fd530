import os
from decimal import Decimal
from typing import Any
from weakref import ref

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import set_span_in_context

from spanglass.call import Cost, CostState, Request, Response, StreamTimes, Usage
from spanglass.sdk.calls.instruments import Instruments
from spanglass.sdk.calls.outcome import Outcome
from spanglass.sdk.calls.tallies import Tallies
from spanglass.sdk.context import CallContext
from spanglass.sdk.labels import Labels
from spanglass.semconv import attributes as attr
from spanglass.semconv.metrics import METRICS

TABLE = {metric.name: metric for metric in METRICS}
REQUEST = Request("openai", "chat", "chat_completions", "gpt-4o-mini")
CONTEXT = CallContext("u-1", "s-1", "search", "answer", "3")
WHOLE = Outcome(
    response=Response(model="m", finish_reasons=("stop", "length"), times=StreamTimes(1_000_000, 2_000_000, 3)),
    duration_ns=3_000_000,
    status=200,
    usage=Usage(10, 5, cache_read_tokens=4, cache_write_tokens=2, reasoning_tokens=1),
    cost=Cost(CostState.COMPUTED, Decimal("0.5")),
)
FAILED = Outcome(response=Response(), duration_ns=1, status=429, error_type="rate_limit_exceeded")
UNPRICED = Outcome(response=Response(model="own"), duration_ns=1, status=200, cost=Cost(CostState.UNPRICED))


class Kept:
    """Instruments whose points can be read."""

    def __init__(self, limit: int = 10) -> None:
        self.reader = InMemoryMetricReader()
        provider = MeterProvider(metric_readers=[self.reader], shutdown_on_exit=False)
        meter = provider.get_meter("test")
        self.tallies = Tallies.of(provider, meter)
        self.instruments = Instruments(meter, Labels(limit), self.tallies)

    def record(
        self, outcome: Outcome, request: Request = REQUEST, *, resend: int = 0, context: Context | None = None
    ) -> None:
        """Record an attempt."""
        context = Context() if context is None else context
        self.instruments.record(request, outcome, resend=resend, of=CONTEXT, elsewhere=(), context=context)

    def points(self) -> dict[str, list[tuple[dict[str, Any], Any]]]:
        """Return metric -> labels and value; of a histogram, how many values."""
        data = self.reader.get_metrics_data()
        assert data is not None
        return {
            metric.name: [(dict(p.attributes or {}), getattr(p, "value", getattr(p, "count", 0))) for p in points]
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if (points := metric.data.data_points)
        }


def test_every_metric_is_a_row_of_the_table_with_its_labels_only() -> None:
    """Names, units and labels are the table's; users and sessions never become labels."""
    kept = Kept()
    for outcome in (WHOLE, FAILED, UNPRICED):
        kept.record(outcome, resend=1)
    points = kept.points()
    assert set(points) <= set(TABLE)
    for name, found in points.items():
        for labels, _ in found:
            assert set(labels) <= set(TABLE[name].labels), name
            assert not {"u-1", "s-1"} & set(labels.values())


def test_counts_wait_for_the_collection_and_are_all_there() -> None:
    """What was added since the last collection is in the next, once."""
    kept = Kept()
    for _ in range(3):
        kept.record(WHOLE)
    assert kept.points()["gen_ai.client.inference.usage.cache_read.input_tokens"][0][1] == 12
    kept.record(WHOLE)
    assert kept.points()["gen_ai.client.inference.usage.cache_read.input_tokens"][0][1] == 16
    reasons = {labels[attr.FINISH_REASON]: value for labels, value in kept.points()["spanglass.client.finish_reasons"]}
    assert reasons == {"stop": 4, "length": 4}


def test_values_are_all_there_however_many_wait() -> None:
    """No value is lost or doubled, whether it waited for the collection or was handed over before."""
    kept = Kept()
    total = 0
    for number in (1, 15, 40):
        total += number
        for _ in range(number):
            kept.record(WHOLE)
            assert len(kept.tallies._waiting) < 16
        for _ in range(2):
            counts = kept.points()
            assert [count for _, count in counts["gen_ai.client.operation.duration"]] == [total]
            assert [count for _, count in counts["gen_ai.client.token.usage"]] == [total, total]


def test_value_that_waits_keeps_its_trace_but_not_its_span() -> None:
    """An exemplar names the trace of its call; the span, which may hold messages, is free once it has ended."""
    kept = Kept()
    span = TracerProvider(shutdown_on_exit=False).get_tracer("test").start_span("chat")
    trace_id, held = span.get_span_context().trace_id, ref(span)
    kept.record(WHOLE, context=set_span_in_context(span))
    del span
    assert held() is None
    data = kept.reader.get_metrics_data()
    assert data is not None
    exemplars = {
        (metric.name, exemplar.trace_id)
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
        for point in metric.data.data_points
        for exemplar in point.exemplars
    }
    names = ("operation.duration", "operation.cost", "operation.time_to_first_chunk")
    assert exemplars >= {(f"gen_ai.client.{name}", trace_id) for name in names}
    assert {found for _, found in exemplars} == {trace_id}


def test_calls_are_attempts_less_retries() -> None:
    """An attempt that repeats a failed one adds to both, so the difference stays the number of calls."""
    kept = Kept()
    kept.record(FAILED)
    kept.record(FAILED, resend=1)
    kept.record(WHOLE, resend=2)
    points = kept.points()
    attempts = sum(count for _, count in points["gen_ai.client.operation.duration"])
    assert attempts - sum(value for _, value in points["spanglass.client.retries"]) == 1
    assert points["spanglass.client.rate_limits"][0][1] == 2


def test_redirect_is_no_call() -> None:
    """An answer that says where to ask instead is counted nowhere."""
    kept = Kept()
    kept.record(Outcome(response=Response(), duration_ns=1, status=307))
    assert set(kept.points()) == {"spanglass.client.active"}


def test_models_become_other_beyond_the_limit() -> None:
    """A label whose values an application or a provider makes up has a bounded number of them."""
    kept = Kept(limit=2)
    for number in range(5):
        kept.record(UNPRICED, Request("openai", "chat", "chat_completions", f"model-{number}"))
    found = {labels[attr.REQUEST_MODEL] for labels, _ in kept.points()["spanglass.client.unpriced"]}
    assert found == {"model-0", "model-1", "other"}


def test_recorders_of_one_provider_share_the_counts() -> None:
    """A provider that is recorded to by a second recorder collects from both."""
    kept = Kept()
    provider = MeterProvider(metric_readers=[reader := InMemoryMetricReader()], shutdown_on_exit=False)
    first, second = (Tallies.of(provider, provider.get_meter("test")) for _ in range(2))
    assert first is second
    assert first is not kept.tallies
    first.began()
    data = reader.get_metrics_data()
    assert data is not None
    assert data.resource_metrics[0].scope_metrics[0].metrics[0].data.data_points[0].value == 1  # type: ignore[union-attr]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_forked_child_starts_from_nothing() -> None:
    """What the parent has counted and not yet sent is the parent's to send."""
    kept = Kept()
    kept.record(WHOLE)
    kept.tallies.began()
    child = os.fork()
    if child == 0:
        os._exit(0 if not kept.tallies._sums and not kept.tallies._waiting and kept.tallies._active == 0 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert kept.points()["spanglass.client.active"][0][1] == 1
