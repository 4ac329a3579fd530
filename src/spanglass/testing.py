"""The public test kit: what an application's telemetry is, held in memory as plain values fit for snapshots.

    with capture() as seen:
        answer()                      # calls models, starts spans, logs
    assert seen.spans() == snapshot()

Ids count from 1 in the order spans start, and the clock steps by one second each time it is read, so the same program
gives the same values. OpenTelemetry allows one set of global providers a process: where none is set, the first capture
sets one for the life of the process, and it stands idle between captures.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from opentelemetry import _logs, metrics, trace
from opentelemetry.context import Context
from opentelemetry.sdk import trace as sdk_trace
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider, ObservableCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, HistogramDataPoint, InMemoryMetricReader, Metric
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.trace import StatusCode

from spanglass.errors import ConfigurationError
from spanglass.sdk import active, clock, hooks, propagation, runtime
from spanglass.sdk.active import Active
from spanglass.sdk.calls.recorder import Recorder
from spanglass.sdk.content import ContentMode
from spanglass.sdk.context import ContextLogProcessor, ContextSpanProcessor
from spanglass.sdk.labels import Labels
from spanglass.sdk.logs import LogBridge

_EPOCH_NS = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z
_DELTA: dict[type, AggregationTemporality] = dict.fromkeys(
    (Counter, Histogram, ObservableCounter), AggregationTemporality.DELTA
)


class SteppedClock:
    """A clock that moves by one step each time it is read, and as far as it is told to.

    Args:
        step_s: Seconds that each reading takes.
    """

    def __init__(self, step_s: float = 1.0) -> None:
        self._readings = itertools.count(1)
        self._step_ns = round(step_s * 1e9)
        self._advanced_ns = 0

    def now_ns(self) -> int:
        """Read it: nanoseconds since the epoch, from the start of 2026."""
        return _EPOCH_NS + next(self._readings) * self._step_ns + self._advanced_ns

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._advanced_ns += round(seconds * 1e9)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Put it in the place of the clocks that the SDK and OpenTelemetry's spans read."""
        spans = vars(sdk_trace)
        before = clock.wall_ns, clock.monotonic_ns, spans["time_ns"]
        clock.wall_ns = clock.monotonic_ns = spans["time_ns"] = self.now_ns
        try:
            yield
        finally:
            clock.wall_ns, clock.monotonic_ns, spans["time_ns"] = before


class Captured:
    """What was recorded so far; every method may be called again and again, also inside the `with`.

    Attributes:
        clock: Moves by a second a reading; `advance` it to make something last.
        tracer_provider: The global one, for code that wants it handed in.
        meter_provider: Likewise.
        logger_provider: Likewise.
    """

    def __init__(self, stepped: SteppedClock) -> None:
        self.clock = stepped
        self.tracer_provider = _stage.tracers
        self.meter_provider = _stage.meters
        self.logger_provider = _stage.loggers
        self._spans: list[ReadableSpan] = []
        self._logs: list[ReadWriteLogRecord] = []
        self._points: dict[str, list[dict[str, Any]]] = {}

    def take_span(self, span: ReadableSpan) -> None:
        """Called by the tap."""
        self._spans.append(span)

    def take_log(self, record: ReadWriteLogRecord) -> None:
        """Called by the tap."""
        self._logs.append(record)

    def spans(self) -> list[dict[str, Any]]:
        """Return ended, sampled spans in the order they started; times are seconds since the capture began."""
        ordered = sorted(self._spans, key=lambda span: span.start_time or 0)
        ids = _Ids(ordered)
        return [_span(span, ids) for span in ordered]

    def metrics(self) -> dict[str, list[dict[str, Any]]]:
        """Return the points of each metric by name, both sorted; of this capture alone, without sums of 0."""
        # After the end the reader's sums are of what came later.
        data = _stage.reader.get_metrics_data() if _stage.active is self else None
        for resource in data.resource_metrics if data is not None else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    _add(self._points.setdefault(metric.name, []), metric)
        told = {name: [point for point in points if point.get("value") != 0] for name, points in self._points.items()}
        return {name: sorted(points, key=_by_labels) for name, points in sorted(told.items()) if points}

    def logs(self) -> list[dict[str, Any]]:
        """Return log records and events in the order they were emitted; trace and span are numbered as in `spans`."""
        ids = _Ids(sorted(self._spans, key=lambda span: span.start_time or 0))
        return [_log(record, ids) for record in self._logs]


@contextmanager
def capture(
    *, content: ContentMode = ContentMode.NO_CONTENT, calls: bool = True, step_s: float = 1.0
) -> Iterator[Captured]:
    """Record what happens inside; `spanglass.init()` does nothing meanwhile, and nothing is sent.

    Args:
        content: Whether messages are recorded, and where.
        calls: See calls to models; False leaves that to code of the test's own.
        step_s: Seconds by which the clock moves each time it is read.

    Raises:
        ConfigurationError: A capture is active already, or the application's own providers are not OpenTelemetry's.
    """
    if _stage.active is not None:
        raise ConfigurationError("A capture is active already in this process; end it before another begins.")
    _stage.set_up()
    stepped = SteppedClock(step_s)
    seen = Captured(stepped)
    with ExitStack() as stack:
        stack.enter_context(runtime.held())
        logs = LogBridge("test", seen.logger_provider)
        logs.install()
        stack.callback(logs.uninstall)
        stack.callback(propagation.install())
        recorder = _activate(seen, content, stack)
        if calls:
            hooks.install(recorder)
            stack.callback(hooks.uninstall)
        stack.enter_context(stepped.installed())
        _stage.reader.get_metrics_data()  # what was measured before belongs to nobody
        _stage.active = seen
        stack.callback(_stage.clear)
        yield seen


def _activate(seen: Captured, content: ContentMode, stack: ExitStack) -> Recorder:
    labels = Labels(100)
    recorder = Recorder(
        seen.tracer_provider, seen.meter_provider, logger_provider=seen.logger_provider, content=content, labels=labels
    )
    before = active.activate(Active(recorder, content, labels, seen.tracer_provider, seen.meter_provider))
    stack.callback(active.activate, before)
    return recorder


class _Stage:
    """The process's providers, with a tap each that feeds the active capture."""

    def __init__(self) -> None:
        self.active: Captured | None = None
        self.reader = InMemoryMetricReader(preferred_temporality=_DELTA)
        self._ready = False

    def clear(self) -> None:
        if self.active is not None:
            self.active.metrics()
        self.active = None

    def set_up(self) -> None:
        if self._ready:
            return
        self._ready = True
        self.tracers = _present(trace.get_tracer_provider(), TracerProvider, _new_tracers)
        self.meters = _present(metrics.get_meter_provider(), MeterProvider, _new_meters)
        self.loggers = _present(_logs.get_logger_provider(), LoggerProvider, _new_loggers)
        self.tracers.add_span_processor(ContextSpanProcessor())
        self.tracers.add_span_processor(_SpanTap())
        self.meters.add_metric_reader(self.reader)
        self.loggers.add_log_record_processor(ContextLogProcessor())
        self.loggers.add_log_record_processor(_LogTap())


P = TypeVar("P")


def _present(provider: object, kind: type[P], make: Callable[[], P]) -> P:
    if isinstance(provider, kind):
        return provider
    if not type(provider).__name__.lstrip("_").startswith("Proxy"):
        raise ConfigurationError(
            f"The global {type(provider).__qualname__} is not OpenTelemetry's SDK, so a capture cannot listen to it; "
            "capture before it is set, or set one of the SDK's in tests."
        )
    return make()


def _new_tracers() -> TracerProvider:
    provider = TracerProvider(resource=Resource.get_empty(), shutdown_on_exit=False)
    trace.set_tracer_provider(provider)
    return provider


def _new_meters() -> MeterProvider:
    provider = MeterProvider(resource=Resource.get_empty(), shutdown_on_exit=False)
    metrics.set_meter_provider(provider)
    return provider


def _new_loggers() -> LoggerProvider:
    provider = LoggerProvider(resource=Resource.get_empty(), shutdown_on_exit=False)
    _logs.set_logger_provider(provider)
    return provider


class _SpanTap(SpanProcessor):
    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing to do."""

    def on_end(self, span: ReadableSpan) -> None:
        if _stage.active is not None and span.context is not None and span.context.trace_flags.sampled:
            _stage.active.take_span(span)


class _LogTap(LogRecordProcessor):
    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        if _stage.active is not None:
            _stage.active.take_log(log_record)

    def shutdown(self) -> None:
        """Nothing to close."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the interface's
        return True


_stage = _Stage()


class _Ids:
    """Numbers traces and spans in the order in which they started."""

    def __init__(self, ordered: Sequence[ReadableSpan]) -> None:
        contexts = [span.context for span in ordered if span.context is not None]
        self._traces = {trace_id: n for n, trace_id in enumerate(dict.fromkeys(c.trace_id for c in contexts), start=1)}
        self._spans = {context.span_id: n for n, context in enumerate(contexts, start=1)}

    def trace(self, trace_id: int | None) -> int | str | None:
        """A number; `outside` for a trace that no captured span is part of."""
        return self._traces.get(trace_id, "outside") if trace_id else None

    def span(self, span_id: int | None) -> int | str | None:
        """A number; `outside` for a span that was not captured."""
        return self._spans.get(span_id, "outside") if span_id else None


def _span(span: ReadableSpan, ids: _Ids) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": span.name,
        "trace": ids.trace(span.context.trace_id if span.context else None),
        "id": ids.span(span.context.span_id if span.context else None),
        "parent": ids.span(span.parent.span_id if span.parent else None),
        "kind": span.kind.name,
        "scope": span.instrumentation_scope.name if span.instrumentation_scope else None,
        "start": _seconds(span.start_time),
        "end": _seconds(span.end_time),
        "attributes": _plain(span.attributes),
    }
    if span.status.status_code is not StatusCode.UNSET:
        found["status"] = span.status.status_code.name
        if span.status.description:
            found["status_description"] = span.status.description
    if span.events:
        found["events"] = [
            {"name": event.name, "time": _seconds(event.timestamp), "attributes": _plain(event.attributes)}
            for event in span.events
        ]
    if span.links:
        found["links"] = [
            {"trace": ids.trace(link.context.trace_id), "span": ids.span(link.context.span_id)} for link in span.links
        ]
    return found


def _log(readable: ReadWriteLogRecord, ids: _Ids) -> dict[str, Any]:
    record = readable.log_record
    found: dict[str, Any] = {
        "body": record.body,
        "severity": record.severity_text,
        "scope": readable.instrumentation_scope.name if readable.instrumentation_scope else None,
        "trace": ids.trace(record.trace_id),
        "span": ids.span(record.span_id),
        "attributes": _plain(record.attributes),
    }
    if record.event_name:
        found["event"] = record.event_name
    return found


def _add(points: list[dict[str, Any]], metric: Metric) -> None:
    """Add the points of one collection to those of earlier ones."""
    for point in metric.data.data_points:
        labels = _plain(point.attributes)
        if isinstance(point, HistogramDataPoint):
            fresh: dict[str, Any] = {"labels": labels, "count": point.count, "sum": _rounded(point.sum)}
        else:
            fresh = {"labels": labels, "value": _rounded(getattr(point, "value", None))}
        old = next((known for known in points if known["labels"] == labels), None)
        if old is None:
            points.append(fresh)
            continue
        adds = getattr(metric.data, "aggregation_temporality", None) is AggregationTemporality.DELTA
        for key in fresh.keys() - {"labels"}:
            old[key] = _rounded(old[key] + fresh[key]) if adds else fresh[key]


def _by_labels(point: dict[str, Any]) -> str:
    return repr(sorted(point["labels"].items()))


def _plain(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    """Sorted by name, sequences as lists."""
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in sorted((attributes or {}).items())
    }


def _seconds(time_ns: int | None) -> float | None:
    return None if time_ns is None else round((time_ns - _EPOCH_NS) / 1e9, 9)


def _rounded(value: Any) -> Any:  # noqa: ANN401 - a number or nothing, as the SDK's points have it
    return round(value, 9) if isinstance(value, float) else value
