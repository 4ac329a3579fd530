"""Where tests read what the SDK recorded: spans, metric points and events of providers of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler

from spanglass.sdk import guard, hooks
from spanglass.sdk.calls.recorder import Recorder
from spanglass.sdk.content import ContentMode
from spanglass.sdk.labels import Labels


class Telemetry:
    """Providers that keep everything in memory, and the recorder that writes to them."""

    def __init__(
        self, *, content: ContentMode, sampler: Sampler, hosts: dict[str, str], prices: Path | None = None
    ) -> None:
        self._spans = InMemorySpanExporter()
        self._records = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call] # the SDK left it untyped
        self._reader = InMemoryMetricReader()
        self.tracers = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.meters = MeterProvider(metric_readers=[self._reader], shutdown_on_exit=False)
        self.loggers = LoggerProvider(shutdown_on_exit=False)
        self.loggers.add_log_record_processor(SimpleLogRecordProcessor(self._records))
        self.recorder = Recorder(
            self.tracers,
            self.meters,
            logger_provider=self.loggers,
            content=content,
            labels=Labels(limit=100),
            price_table_path=prices,
            hosts=hosts,
        )

    def spans(self) -> list[ReadableSpan]:
        """Return the spans that have ended, in that order."""
        return list(self._spans.get_finished_spans())

    def span(self) -> ReadableSpan:
        """Return the one span there must be."""
        (only,) = self.spans()
        return only

    def attributes(self) -> dict[str, Any]:
        """Return the attributes of the one span there must be."""
        return dict(self.span().attributes or {})

    def events(self) -> list[ReadableLogRecord]:
        """Return the log records."""
        return list(self._records.get_finished_logs())

    def metrics(self) -> dict[str, dict[tuple[str, ...], float]]:
        """Return metric -> label values, sorted by label -> sum of what was recorded; times become their count."""
        found: dict[str, dict[tuple[str, ...], float]] = {}
        data = self._reader.get_metrics_data()
        for metric in [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics] if data else []:
            for point in metric.data.data_points:
                labels = tuple(str(value) for _, value in sorted((point.attributes or {}).items()))
                value = point.value if hasattr(point, "value") else point.count if metric.unit == "s" else point.sum
                found.setdefault(metric.name, {})[labels] = value
        return found


@contextmanager
def recording(
    *,
    content: ContentMode = ContentMode.NO_CONTENT,
    sampler: Sampler = ALWAYS_ON,
    hosts: dict[str, str] | None = None,
    prices: Path | None = None,
) -> Iterator[Telemetry]:
    """Record calls while the block runs; a fault of ours that the guard caught fails the test.

    The scripted server's host is named as OpenAI's, so that its answers have prices.
    """
    before = dict(guard.faults())
    hosts = {"127.0.0.1": "openai"} if hosts is None else hosts
    telemetry = Telemetry(content=content, sampler=sampler, hosts=hosts, prices=prices)
    hooks.install(telemetry.recorder)
    try:
        yield telemetry
    finally:
        hooks.uninstall()
        assert dict(guard.faults()) == before
