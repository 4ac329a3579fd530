"""What the SDK tells of itself: queues, exports, drops, faults and its CPU time; read when metrics are collected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from opentelemetry.metrics import CallbackOptions, Histogram, Meter, MeterProvider, Observation

from spanglass.sdk import dropped, guard
from spanglass.sdk.batch import BatchQueue
from spanglass.sdk.calls.effort import effort
from spanglass.sdk.outlet import Outlet
from spanglass.sdk.providers import Pipelines
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics
from spanglass.semconv.metrics import Instrument, Metric
from spanglass.version import __version__

Observe = Callable[[CallbackOptions], Iterable[Observation]]


def observe(meters: MeterProvider, pipelines: Pipelines) -> None:
    """Make the instruments.

    Args:
        meters: Where they are made.
        pipelines: What is observed.
    """
    meter = meters.get_meter("spanglass", __version__)
    durations = meter.create_histogram(
        metrics.SDK_EXPORT_DURATION.name,
        metrics.SDK_EXPORT_DURATION.unit,
        metrics.SDK_EXPORT_DURATION.meaning,
        explicit_bucket_boundaries_advisory=metrics.SDK_EXPORT_DURATION.buckets,
    )
    watch = _Watch(pipelines, durations)
    for row, callback in (
        (metrics.SDK_DROPPED, _dropped),
        (metrics.SDK_FAULTS, _faults),
        (metrics.SDK_HOOK_TIME, _hook_time),
        (metrics.SDK_EXPORTED, watch.exported),
        (metrics.SDK_EXPORT_SIZE, watch.sizes),
        (metrics.SDK_EXPORT_FAILURES, watch.failures),
        (metrics.SDK_QUEUE, watch.lengths),
        (metrics.SDK_QUEUE_LIMIT, watch.limits),
    ):
        _create(meter, row, callback)


def _create(meter: Meter, row: Metric, callback: Observe) -> None:
    make = meter.create_observable_gauge if row.instrument is Instrument.GAUGE else meter.create_observable_counter
    make(row.name, [callback], row.unit, row.meaning)


def _dropped(_: CallbackOptions) -> Iterator[Observation]:
    for (signal, reason), count in dropped.totals().items():
        yield Observation(count, {attr.SIGNAL: signal, attr.DROP_REASON: reason})


def _faults(_: CallbackOptions) -> Iterator[Observation]:
    for place, count in guard.faults().items():
        yield Observation(count, {attr.DROP_REASON: place})


def _hook_time(_: CallbackOptions) -> Iterator[Observation]:
    yield Observation(effort.total_s())


class _Watch:
    """Observes the outlets and queues of this process.

    Args:
        pipelines: They are here.
        durations: Takes how long exports took.
    """

    def __init__(self, pipelines: Pipelines, durations: Histogram) -> None:
        self._pipelines = pipelines
        self._durations = durations

    def exported(self, _: CallbackOptions) -> Iterator[Observation]:
        """Say how much was taken, and hand over how long that took."""
        for outlet in self._pipelines.outlets():
            labels = _labels(outlet)
            waiting = outlet.tally.durations_s
            while waiting:
                self._durations.record(waiting.popleft(), labels)
            yield Observation(outlet.tally.items, labels)

    def sizes(self, _: CallbackOptions) -> Iterator[Observation]:
        """Say how many bytes were sent."""
        for outlet in self._pipelines.outlets():
            yield Observation(outlet.tally.size, _labels(outlet))

    def failures(self, _: CallbackOptions) -> Iterator[Observation]:
        """Say what was not taken, and why."""
        for outlet in self._pipelines.outlets():
            for cause, count in dict(outlet.tally.failures).items():
                yield Observation(count, {**_labels(outlet), attr.DROP_REASON: cause.value})

    def lengths(self, _: CallbackOptions) -> Iterator[Observation]:
        """Say what waits."""
        for queue, outlet in self._queues():
            yield Observation(len(queue), _labels(outlet))

    def limits(self, _: CallbackOptions) -> Iterator[Observation]:
        """Say what may wait."""
        for queue, outlet in self._queues():
            yield Observation(queue.limit, _labels(outlet))

    def _queues(self) -> Iterator[tuple[BatchQueue[object], Outlet[object]]]:
        yield from self._pipelines.queues
        for reader in self._pipelines.readers:
            yield from zip(reader.queues, reader.outlets, strict=False)  # no queues where there is but one outlet


def _labels(outlet: Outlet[object]) -> dict[str, str]:
    return {attr.SIGNAL: outlet.signal, attr.DESTINATION: outlet.name}
