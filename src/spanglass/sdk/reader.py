"""The metric reader: collects on a schedule and sends; differs from OpenTelemetry's in fork, exit and what it logs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import cast

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, MetricReader, MetricsData

from spanglass.sdk.batch import BatchQueue, Limits
from spanglass.sdk.outlet import Outlet
from spanglass.sdk.worker import Worker

# Collections that wait for a destination that is slower than they come.
_WAITING = 4


class ScheduledReader(MetricReader):
    """Sends what its meter provider has measured, every `interval_s`; collects once for all its destinations.

    Each reader of a provider costs every measurement, so destinations share one. With several, each has a queue and a
    thread of its own, so that a slow one holds up no other.

    Args:
        outlets: Where to; all of one temporality and aggregation.
        interval_s: Seconds between sends; OTEL_METRIC_EXPORT_INTERVAL.
        timeout_s: Seconds that callbacks of observable instruments may take together; OTEL_METRIC_EXPORT_TIMEOUT.
        look: Is shown each collection before it is sent.

    Attributes:
        outlets: As given.
        queues: Those of several destinations, in their order; none where there is but one.
    """

    def __init__(
        self,
        outlets: Sequence[Outlet[MetricsData]],
        *,
        interval_s: float,
        timeout_s: float,
        look: Callable[[MetricsData], None] | None = None,
    ) -> None:
        exporter = cast("MetricExporter", outlets[0].exporter())
        super().__init__(
            preferred_temporality=exporter._preferred_temporality,  # noqa: SLF001 - the reader's part of the contract
            preferred_aggregation=exporter._preferred_aggregation,  # noqa: SLF001 - likewise
        )
        self.outlets = tuple(outlets)
        self.queues = tuple(_queue(outlet, interval_s) for outlet in outlets) if len(outlets) > 1 else ()
        self._timeout_ms = timeout_s * 1e3
        self._look = look
        self.worker = Worker("spanglass-metrics", interval_s, self._collect_once)

    def _collect_once(self) -> None:
        self.collect(timeout_millis=self._timeout_ms)

    def _receive_metrics(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: object) -> None:
        del timeout_millis, kwargs
        if self._look is not None:
            self._look(metrics_data)
        for queue in self.queues:
            queue.put(metrics_data)
        if not self.queues:
            self.outlets[0].send(metrics_data)

    def flush(self, deadline_s: float) -> bool:
        """Collect and send, at the latest until `deadline_s` on the monotonic clock; True when it was done in time."""
        finished = [self.worker.flush(deadline_s)]
        asked = [(queue.worker, queue.worker.ask()) for queue in self.queues]
        finished += [worker.finish(done, deadline_s) for worker, done in asked]
        return all(finished)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Collect and send, within the time given."""
        return self.flush(time.monotonic() + timeout_millis / 1e3)

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: object) -> None:
        """Collect and send a last time."""
        del kwargs
        deadline_s = time.monotonic() + timeout_millis / 1e3
        collected = self.worker.stop(deadline_s)
        if not self.queues and collected:
            self.outlets[0].close()
        asked = [queue.worker.ask() for queue in self.queues]
        for queue, done in zip(self.queues, asked, strict=True):
            queue.worker.finish(done, deadline_s)
        for queue, outlet in zip(self.queues, self.outlets, strict=bool(self.queues)):
            if queue.close(deadline_s):
                outlet.close()

    def renew_after_fork(self, provider: object) -> None:
        """Start again from zero in the child: the sums so far are the parent's, which reports them itself.

        New storage also replaces every lock that a thread of the parent may have held at the moment of the fork.
        """
        if not isinstance(provider, MeterProvider):
            return
        consumer = provider._measurement_consumer  # noqa: SLF001 - OpenTelemetry 1.45 keeps the parent's sums and locks
        consumer._lock = threading.Lock()  # noqa: SLF001 - likewise
        consumer.remove_metric_reader(self)
        consumer.add_metric_reader(self)
        for outlet in self.outlets:
            outlet.renew_after_fork()
        for queue in self.queues:
            queue.renew_after_fork()
        self.worker.renew_after_fork()
        self.worker.start()


def points(metrics_data: MetricsData) -> int:
    """Count the points of a collection."""
    return sum(
        len(metric.data.data_points)
        for resource in metrics_data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    )


def _queue(outlet: Outlet[MetricsData], interval_s: float) -> BatchQueue[MetricsData]:
    def send(batch: list[MetricsData]) -> bool:
        for collection in batch:
            outlet.send(collection)
        return (
            True  # what failed is counted by the outlet; sums are cumulative, and the next collection makes up for it
        )

    limits = Limits(items=_WAITING, batch=1, interval_s=interval_s)
    return BatchQueue("metrics", limits, send, name=f"spanglass-metrics-{outlet.name}")


def alike(outlet: Outlet[MetricsData]) -> frozenset[tuple[type, object]]:
    """Return a key that is equal for destinations that one collection can serve."""
    exporter = cast("MetricExporter", outlet.exporter())
    temporality = exporter._preferred_temporality or {}  # noqa: SLF001 - as above
    aggregation = exporter._preferred_aggregation or {}  # noqa: SLF001 - likewise
    return frozenset((*temporality.items(), *((kind, type(found)) for kind, found in aggregation.items())))
