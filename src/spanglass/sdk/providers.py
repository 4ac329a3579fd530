"""The three OpenTelemetry providers: built once, or adopted as the application configured them; and their way out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, MetricsData
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import DEFAULT_ON

from spanglass.sdk.batch import BatchQueue, Limits
from spanglass.sdk.context import ContextLogProcessor, ContextSpanProcessor
from spanglass.sdk.dropped import Signal
from spanglass.sdk.exporters import Plan, Sending, plans
from spanglass.sdk.folding import FoldingSpanProcessor
from spanglass.sdk.guard import logger, safely
from spanglass.sdk.outlet import Outlet
from spanglass.sdk.overlap import Overlap
from spanglass.sdk.processors import QueueLogProcessor, QueueSpanProcessor
from spanglass.sdk.reader import ScheduledReader, alike, points
from spanglass.sdk.weight import weight_of_record, weight_of_span

# OpenTelemetry's default of 2048 does not outlast a burst; this holds one of ten thousand even while nothing leaves.
# A span of 25 attributes takes 7 kB, so a full queue is 75 MB: more than 50 spans a second and a receiver that is down.
QUEUE_SIZE = 10_240


@dataclass(frozen=True)
class Pipelines:
    """The providers that telemetry goes through, and what `init` put behind them.

    Attributes:
        tracers: Where spans go.
        meters: Where measurements go.
        loggers: Where log records go.
        queues: Ours, each with its outlet, in the order of the signals.
        readers: Ours.
        built: Providers that are ours and not the application's.
        log_export: Whether log records given to `loggers` go anywhere.
    """

    tracers: trace.TracerProvider
    meters: metrics.MeterProvider
    loggers: _logs.LoggerProvider
    queues: tuple[tuple[BatchQueue[Any], Outlet[Any]], ...]
    readers: tuple[ScheduledReader, ...]
    built: tuple[TracerProvider | MeterProvider | LoggerProvider, ...]
    log_export: bool

    def outlets(self) -> Iterator[Outlet[Any]]:
        """Yield ours: those of spans, of log records, then of metrics."""
        yield from (outlet for _, outlet in self.queues)
        for reader in self.readers:
            yield from reader.outlets


@dataclass
class _Builder:
    sending: Sending
    resource: Resource
    queues: list[tuple[BatchQueue[Any], Outlet[Any]]] = field(default_factory=list)
    readers: list[ScheduledReader] = field(default_factory=list)
    built: list[TracerProvider | MeterProvider | LoggerProvider] = field(default_factory=list)
    theirs: list[str] = field(default_factory=list)

    def tracers(self) -> trace.TracerProvider:
        present = trace.get_tracer_provider()
        if not _unset(present) and not isinstance(present, TracerProvider):
            return present
        if isinstance(present, TracerProvider):
            provider, ours = present, self._exports_beside(_has_processors(present), "TracerProvider")
        else:
            provider, ours = self._new_tracers(), True
        provider.add_span_processor(ContextSpanProcessor())
        if ours:
            queues = [
                cast("BatchQueue[ReadableSpan]", queue)
                for queue in self._queues("traces", "OTEL_BSP", 5000, weight_of_span)
            ]
            if queues:
                ends = [QueueSpanProcessor(queue) for queue in queues]
                provider.add_span_processor(FoldingSpanProcessor(provider, ends))
        return provider

    def meters(self) -> metrics.MeterProvider:
        present = metrics.get_meter_provider()
        if _unset(present):
            provider = MeterProvider(
                metric_readers=self._metric_readers(),
                resource=self.resource,
                shutdown_on_exit=False,
                _meter_configurator=_configured(
                    self.sending.environ, "METER_CONFIGURATOR", "_import_meter_configurator"
                ),
            )
            with safely("providers.meters"):  # it makes the instruments that the application has asked for before
                metrics.set_meter_provider(provider)
            self.built.append(provider)
            return provider
        if isinstance(present, MeterProvider) and self._exports_beside(True, "MeterProvider"):
            for reader in self._metric_readers():
                present.add_metric_reader(reader)
        return present

    def loggers(self) -> _logs.LoggerProvider:
        present = _logs.get_logger_provider()
        if not _unset(present) and not isinstance(present, LoggerProvider):
            return present
        if isinstance(present, LoggerProvider):
            provider, ours = present, self._exports_beside(True, "LoggerProvider")
        else:
            provider, ours = self._new_loggers(), True
        provider.add_log_record_processor(ContextLogProcessor())
        if ours:
            for queue in self._queues("logs", "OTEL_BLRP", 1000, weight_of_record):
                provider.add_log_record_processor(QueueLogProcessor(cast("BatchQueue[ReadableLogRecord]", queue)))
        return provider

    def _new_tracers(self) -> TracerProvider:
        environ = self.sending.environ
        provider = TracerProvider(
            sampler=_configured(environ, "OTEL_TRACES_SAMPLER", "_import_sampler") or DEFAULT_ON,
            id_generator=_configured(environ, "OTEL_PYTHON_ID_GENERATOR", "_import_id_generator"),
            resource=self.resource,
            shutdown_on_exit=False,
            _tracer_configurator=_configured(environ, "TRACER_CONFIGURATOR", "_import_tracer_configurator"),
        )
        trace.set_tracer_provider(provider)
        self.built.append(provider)
        return provider

    def _new_loggers(self) -> LoggerProvider:
        provider = LoggerProvider(
            resource=self.resource,
            shutdown_on_exit=False,
            _logger_configurator=_configured(
                self.sending.environ, "LOGGER_CONFIGURATOR", "_import_logger_configurator"
            ),
        )
        _logs.set_logger_provider(provider)
        self.built.append(provider)
        return provider

    def _exports_beside(self, already: bool, name: str) -> bool:  # noqa: FBT001 - private, one caller a signal
        """Whether exporters of ours are added to a provider of the application's."""
        if not already or self.sending.endpoint is not None or self.sending.destinations is not None:
            return True
        self.theirs.append(name)
        return False

    def _queues(self, signal: Signal, prefix: str, delay_ms: int, weigh: Callable[[Any], int]) -> list[BatchQueue[Any]]:
        environ = self.sending.environ
        limits = Limits(
            items=math.ceil(_number(environ, f"{prefix}_MAX_QUEUE_SIZE", QUEUE_SIZE)),
            batch=math.ceil(_number(environ, f"{prefix}_MAX_EXPORT_BATCH_SIZE", 512)),
            interval_s=_number(environ, f"{prefix}_SCHEDULE_DELAY", delay_ms) / 1e3,
        )
        made = []
        wanted = plans(signal, self.sending)
        for plan in wanted:
            outlet: Outlet[list[Any]] = _outlet(signal, plan)
            thread = f"spanglass-{signal}-{plan.name}" if len(wanted) > 1 else None
            made.append(BatchQueue(signal, limits, outlet.send, name=thread, weigh=weigh))
            self.queues.append((made[-1], outlet))
        return made

    def _metric_readers(self) -> list[MetricReader]:
        environ = self.sending.environ
        interval_s = _number(environ, "OTEL_METRIC_EXPORT_INTERVAL", 60_000) / 1e3
        timeout_s = _number(environ, "OTEL_METRIC_EXPORT_TIMEOUT", 30_000) / 1e3
        found: list[MetricReader] = []
        shared: dict[object, list[Outlet[MetricsData]]] = {}
        for plan in plans("metrics", self.sending):
            outlet: Outlet[MetricsData] = _outlet("metrics", plan, points)
            with safely("providers.metrics"):
                if isinstance(outlet.exporter(), MetricReader):  # prometheus is asked instead of sending
                    found.append(cast("MetricReader", outlet.exporter()))
                else:
                    shared.setdefault(alike(outlet), []).append(outlet)
        look = Overlap().look
        for outlets in shared.values():
            self.readers.append(ScheduledReader(outlets, interval_s=interval_s, timeout_s=timeout_s, look=look))
        return [*found, *self.readers]


def _outlet(signal: Signal, plan: Plan, count: Callable[[Any], int] | None = None) -> Outlet[Any]:
    return Outlet(signal, plan.where, plan.make, name=plan.name, credentials=plan.credentials, count=count)


def build(sending: Sending, resource: Resource) -> Pipelines:
    """Build what is missing, adopt what is there, and start sending."""
    builder = _Builder(sending, resource)
    meters, tracers = builder.meters(), builder.tracers()
    before = len(builder.queues)
    loggers = builder.loggers()
    log_export = loggers not in builder.built or len(builder.queues) > before
    pipelines = Pipelines(
        tracers, meters, loggers, tuple(builder.queues), tuple(builder.readers), tuple(builder.built), log_export
    )
    if builder.theirs:
        logger.warning(
            "The application has its own %s: spanglass sends through what is there and adds no exporter. To send to "
            "spanglass as well, name its endpoint: init(endpoint=...), SPANGLASS_ENDPOINT or destinations.",
            ", ".join(builder.theirs),
        )
    for reader in pipelines.readers:
        reader.worker.start()
    return pipelines


def _unset(provider: object) -> bool:
    """OpenTelemetry hands out a proxy until a provider is set."""
    return type(provider).__name__.lstrip("_").startswith("Proxy")


def _has_processors(provider: TracerProvider) -> bool:
    found = getattr(provider._active_span_processor, "_span_processors", None)  # noqa: SLF001 - there is no other way
    return found is None or len(found) > 0


def _configured(environ: Mapping[str, str], variable: str, loader: str) -> Any:  # noqa: ANN401 - four kinds of thing
    """What a variable of OpenTelemetry's names among installed packages; None leaves the default."""
    name = environ.get(variable if variable.startswith("OTEL_") else f"OTEL_PYTHON_{variable}")
    if not name:
        return None
    with safely(f"providers.{loader.removeprefix('_import_')}"):
        from opentelemetry.sdk import _configuration  # noqa: PLC0415 - rarely needed

        return cast("Callable[[str], Any]", getattr(_configuration, loader))(name)
    return None


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name, "").strip()
    try:
        value = float(text) if text else default
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        logger.warning("%s is %r; use a number above 0. %g is used instead.", name, text, default)
        return default
    return value
