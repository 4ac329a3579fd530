"""The metric reader: collects on a schedule and sends; differs from OpenTelemetry's in fork, exit and what it logs."""

from __future__ import annotations

import threading
import time
from typing import cast

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, MetricReader, MetricsData

from spanglass.sdk.outlet import Outlet
from spanglass.sdk.worker import Worker


class ScheduledReader(MetricReader):
    """Sends what its meter provider has measured, every `interval_s`.

    Args:
        outlet: Where to.
        interval_s: Seconds between sends; OTEL_METRIC_EXPORT_INTERVAL.
        timeout_s: Seconds that callbacks of observable instruments may take together; OTEL_METRIC_EXPORT_TIMEOUT.
    """

    def __init__(self, outlet: Outlet[MetricsData], *, interval_s: float, timeout_s: float) -> None:
        exporter = cast("MetricExporter", outlet.exporter())
        super().__init__(
            preferred_temporality=exporter._preferred_temporality,  # noqa: SLF001 - the reader's part of the contract
            preferred_aggregation=exporter._preferred_aggregation,  # noqa: SLF001
        )
        self.outlet = outlet
        self._timeout_ms = timeout_s * 1e3
        self.worker = Worker("spanglass-metrics", interval_s, self._collect_once)

    def _collect_once(self) -> None:
        self.collect(timeout_millis=self._timeout_ms)

    def _receive_metrics(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: object) -> None:
        del timeout_millis, kwargs
        self.outlet.send(metrics_data)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Collect and send, within the time given."""
        return self.worker.flush(time.monotonic() + timeout_millis / 1e3)

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: object) -> None:
        """Collect and send a last time."""
        del kwargs
        if self.worker.stop(time.monotonic() + timeout_millis / 1e3):
            self.outlet.close()

    def renew_after_fork(self, provider: object) -> None:
        """Start again from zero in the child: the sums so far are the parent's, which reports them itself.

        New storage also replaces every lock that a thread of the parent may have held at the moment of the fork.
        """
        if not isinstance(provider, MeterProvider):
            return
        consumer = provider._measurement_consumer  # noqa: SLF001 - OpenTelemetry 1.45 keeps the parent's sums and locks
        consumer._lock = threading.Lock()  # noqa: SLF001
        consumer.remove_metric_reader(self)
        consumer.add_metric_reader(self)
        self.outlet.renew_after_fork()
        self.worker.renew_after_fork()
        self.worker.start()
