"""The console destination: a line a span as it ends and a line a metric that changed, for people who develop."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from opentelemetry.sdk.metrics import (
    Counter,
    Histogram,
    ObservableCounter,
    ObservableGauge,
    ObservableUpDownCounter,
    UpDownCounter,
)
from opentelemetry.sdk.metrics.export import AggregationTemporality, HistogramDataPoint, MetricsData
from opentelemetry.sdk.metrics.view import Aggregation, ExplicitBucketHistogramAggregation
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from spanglass.sdk.delivery import Delivery
from spanglass.semconv import attributes as attr

if TYPE_CHECKING:
    from spanglass.sdk.dropped import Signal

_KINDS = (Counter, UpDownCounter, Histogram, ObservableCounter, ObservableUpDownCounter, ObservableGauge)
_LONGEST_VALUE = 60
# What a line about a call to a model tells; the rest of its attributes would fill a page.
_OF_A_CALL = (
    (attr.RESPONSE_MODEL, ""),
    (attr.INPUT_TOKENS, "in="),
    (attr.OUTPUT_TOKENS, "out="),
    (attr.COST_EXACT, "usd="),
    (attr.COST_STATE, ""),
    (attr.FINISH_REASONS, ""),
)


class ConsoleSpans:
    """Writes a line a span to standard error."""

    def export(self, batch: Sequence[ReadableSpan], /) -> Delivery:
        """Write them."""
        sys.stderr.write("".join(f"{span_line(span)}\n" for span in batch))
        return Delivery()

    def shutdown(self) -> None:
        """Nothing to close."""


class ConsoleMetrics:
    """Writes a line to standard error for each point that changed; what the SDK tells of itself is left out."""

    def __init__(self) -> None:
        self._preferred_temporality: dict[type, AggregationTemporality] = dict.fromkeys(
            _KINDS, AggregationTemporality.CUMULATIVE
        )
        # As the OTLP exporters want them, so that one collection serves both.
        self._preferred_aggregation: dict[type, Aggregation] = {Histogram: ExplicitBucketHistogramAggregation()}
        self._before: dict[str, str] = {}

    def export(self, batch: MetricsData, /) -> Delivery:
        """Write what changed."""
        for what, value in _points(batch):
            if self._before.get(what) != value:
                self._before[what] = value
                sys.stderr.write(f"metric {what} {value}\n")
        return Delivery()

    def shutdown(self) -> None:
        """Nothing to close."""


def exporter_of(signal: Signal) -> Callable[[], ConsoleSpans | ConsoleMetrics]:
    """Return what makes the exporter of a signal."""
    return ConsoleMetrics if signal == "metrics" else ConsoleSpans


def span_line(span: ReadableSpan) -> str:
    """Return the line of a span: when it ended, how long it took, its name, and what it tells."""
    ended, began = span.end_time or 0, span.start_time or 0
    clock = datetime.fromtimestamp(ended / 1e9).astimezone().strftime("%H:%M:%S")
    trace_id = f"{span.context.trace_id:032x}"[:8] if span.context else "-"
    given = span.attributes or {}
    parts = [f"{clock} {(ended - began) / 1e6:8.1f} ms  {span.name}"]
    if attr.OPERATION in given:
        parts += [f"{label}{_shown(given[name])}" for name, label in _OF_A_CALL if name in given]
    else:
        parts += [f"{name}={_shown(value)}" for name, value in given.items()]
    if span.status.status_code is StatusCode.ERROR:
        parts.append(f"ERROR {span.status.description or given.get(attr.ERROR_TYPE, '')}".rstrip())
    return " ".join((*parts, f"[{trace_id}]"))


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(_shown, value))
    text = f"{value:.6g}" if isinstance(value, float) else " ".join(str(value).split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def _points(batch: MetricsData) -> Iterator[tuple[str, str]]:
    for resource in batch.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                if metric.name.startswith("spanglass.sdk."):
                    continue
                for point in metric.data.data_points:
                    labels: Mapping[str, object] = point.attributes or {}
                    what = " ".join((metric.name, *(f"{name}={_shown(value)}" for name, value in labels.items())))
                    yield what, f"{_value(point)} {metric.unit}".rstrip()


def _value(point: object) -> str:
    if isinstance(point, HistogramDataPoint):
        return f"count={point.count} mean={point.sum / point.count if point.count else 0:.4g}"
    return _shown(getattr(point, "value", ""))
