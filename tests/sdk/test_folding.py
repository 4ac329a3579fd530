from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import spanglass
from spanglass.sdk import active, guard
from spanglass.sdk.active import Active
from spanglass.sdk.calls.recorder import Recorder
from spanglass.sdk.content import ContentMode
from spanglass.sdk.folding import FoldingSpanProcessor
from spanglass.sdk.labels import Labels

LIMIT = 5


class Stage:
    """Providers of the test's own, with what was handed on."""

    def __init__(self) -> None:
        self._kept = [InMemorySpanExporter(), InMemorySpanExporter()]
        self.tracers = TracerProvider(shutdown_on_exit=False)
        ends = [SimpleSpanProcessor(exporter) for exporter in self._kept]
        self.tracers.add_span_processor(FoldingSpanProcessor(self.tracers, ends))
        self.tracer = self.tracers.get_tracer("shop")
        meters = MeterProvider(shutdown_on_exit=False)
        labels, content = Labels(100), ContentMode.NO_CONTENT
        recorder = Recorder(self.tracers, meters, content=content, labels=labels)
        self.on = Active(recorder, content, labels, self.tracers, meters, LIMIT)

    def spans(self) -> list[ReadableSpan]:
        """Return what was handed on, the same to every end."""
        one, other = (list(kept.get_finished_spans()) for kept in self._kept)
        assert one == other
        return one

    def names(self) -> list[str]:
        """Return the names of what was handed on."""
        return [span.name for span in self.spans()]


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Switch folding on, with a low limit."""
    faults = dict(guard.faults())
    found = Stage()
    before = active.activate(found.on)
    yield found
    active.activate(before)
    assert dict(guard.faults()) == faults


def test_a_storm_of_any_spans_is_folded(stage: Stage) -> None:
    """Queries in a loop become one span with a count, of the same name and kind, below the same parent."""
    with stage.tracer.start_as_current_span("request") as request:
        for number in range(LIMIT + 7):
            span = stage.tracer.start_span("SELECT", kind=trace.SpanKind.CLIENT)
            if number == LIMIT + 1:
                span.set_status(trace.StatusCode.ERROR)
            span.end()
    assert stage.names() == [*["SELECT"] * (LIMIT + 1), "request"]
    fold = next(span for span in stage.spans() if "spanglass.folded.count" in (span.attributes or {}))
    attributes = dict(fold.attributes or {})
    assert (attributes["spanglass.folded.count"], attributes["spanglass.folded.errors"]) == (7, 1)
    assert (fold.kind, fold.parent) == (trace.SpanKind.CLIENT, request.get_span_context())
    assert (fold.start_time or 0) <= (fold.end_time or 0)


def test_what_others_hang_below_is_kept(stage: Stage) -> None:
    """No span loses its parent: what has a kept child is kept."""
    with stage.tracer.start_as_current_span("request"):
        for _ in range(LIMIT + 3):
            with stage.tracer.start_as_current_span("outer"), stage.tracer.start_as_current_span("inner"):
                pass
    spans = stage.spans()
    assert stage.names().count("outer") == stage.names().count("inner") == LIMIT + 3
    known = {span.context.span_id for span in spans if span.context is not None}
    assert [span.name for span in spans if span.parent is not None and span.parent.span_id not in known] == []


def test_what_may_carry_money_is_kept(stage: Stage) -> None:
    """Spans that say anything of generative AI are kept, whoever made them, and so are calls that are told by hand."""
    with stage.tracer.start_as_current_span("request"):
        for name in ("gen_ai.operation.name", "llm.model_name", "openinference.span.kind"):
            for _ in range(LIMIT + 2):
                stage.tracer.start_span(name, attributes={name: "x"}).end()
        for _ in range(LIMIT + 2):
            with spanglass.llm_call(provider="openai", model="gpt-4o-mini"):
                pass
    assert len(stage.spans()) == 4 * (LIMIT + 2) + 1


def test_roots_and_children_of_elsewhere_are_kept(stage: Stage) -> None:
    """Without a parent in this process there is nothing to fold them into."""
    remote = trace.NonRecordingSpan(trace.SpanContext(5, 6, is_remote=True, trace_flags=trace.TraceFlags(1)))
    for _ in range(LIMIT + 2):
        stage.tracer.start_span("root").end()
        stage.tracer.start_span("child", trace.set_span_in_context(remote)).end()
    assert len(stage.spans()) == 2 * (LIMIT + 2)


def test_many_names_below_one_span_are_bounded(stage: Stage) -> None:
    """Names made up in a loop are folded together once there are very many."""
    with stage.tracer.start_as_current_span("request"):
        for number in range(200):
            stage.tracer.start_span(f"item {number}").end()
    assert len(stage.spans()) == 100 + LIMIT + 1 + 1
    assert "many" in stage.names()


def test_parents_that_never_end_are_forgotten(stage: Stage) -> None:
    """A process that leaves spans open keeps few of them in mind, and loses no count of what was folded."""
    for number in range(1100):
        parent = trace.set_span_in_context(stage.tracer.start_span(f"open {number}"))
        for _ in range(LIMIT + 1 if number == 0 else 1):
            stage.tracer.start_span("child", parent).end()
    folded = [span for span in stage.spans() if "spanglass.folded.count" in (span.attributes or {})]
    assert len(folded) == 1


def test_flush_and_shutdown_reach_the_ends() -> None:
    """What is behind is flushed and shut down with it."""
    stage = Stage()
    assert stage.tracers.force_flush()
    stage.tracers.shutdown()
    stage.tracer.start_span("late").end()
    assert stage.spans() == []


def test_while_spanglass_is_off_nothing_is_folded() -> None:
    """Before `init` is done and after `shutdown`, spans are handed on."""
    stage = Stage()
    before = active.activate(None)
    with stage.tracer.start_as_current_span("request"):
        for _ in range(LIMIT + 2):
            stage.tracer.start_span("SELECT").end()
    active.activate(before)
    assert len(stage.spans()) == LIMIT + 3
