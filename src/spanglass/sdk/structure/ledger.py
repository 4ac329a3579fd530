"""What runs are written to while spanglass is on: tracer, instruments with their labels, the families of spans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from weakref import WeakKeyDictionary

from opentelemetry.context import Context
from opentelemetry.metrics import Histogram
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.trace import NonRecordingSpan, Span, Tracer, get_current_span, set_span_in_context

from spanglass.sdk.active import Active
from spanglass.sdk.calls.recorder import SCOPE
from spanglass.sdk.calls.tallies import LabelSet, Tallies
from spanglass.sdk.guard import safely
from spanglass.sdk.structure.families import Families
from spanglass.sdk.structure.family import Family
from spanglass.semconv.metrics import Metric
from spanglass.version import __version__

_guard = safely("structure.ledger")
_CACHED_SETS = 1024


class Ledger:
    """Where runs are written while one `Active` holds; shared by all threads.

    Attributes:
        on: What it was made for.
        tracer: Makes spans.
        content: Arguments and results are put on spans.
    """

    def __init__(self, on: Active) -> None:
        self.on = on
        self.tracer = on.tracers.get_tracer(SCOPE, __version__)
        self.content = on.content.on_spans
        self._meter = on.meters.get_meter(SCOPE, __version__)
        self._tallies = Tallies.of(on.meters, self._meter)
        self._histograms: dict[str, Histogram] = {}
        self._sets: dict[tuple[tuple[str, str], ...], LabelSet] = {}

    def record(self, metric: Metric, value: float, labels: Mapping[str, str | None], context: Context) -> None:
        """Record a value of a histogram, by the next collection.

        Args:
            metric: Its row of the table.
            value: In its unit.
            labels: Label values, None where there is none; each is kept to a bounded number of values.
            context: Names the trace for an exemplar.
        """
        found = self._histograms.get(metric.name)
        if found is None:
            found = self._histograms[metric.name] = self._meter.create_histogram(
                metric.name, metric.unit, metric.meaning, explicit_bucket_boundaries_advisory=metric.buckets
            )
        # It waits with the span's name alone: the context holds spans, which may hold content.
        named = NonRecordingSpan(get_current_span(context).get_span_context())
        self._tallies.record(found, value, self._labels(labels), set_span_in_context(named, Context()))

    def family_of(self, span: Span) -> Family:
        """Return the family of a span that somebody else opened."""
        return _OthersSpans.of(self.on.tracers, self.tracer).families.of(span.get_span_context())

    def _labels(self, labels: Mapping[str, str | None]) -> LabelSet:
        bounded = self.on.labels.bounded
        key = tuple([(name, bounded(name, value)) for name, value in labels.items() if value is not None])
        found = self._sets.get(key)
        if found is None:
            found = LabelSet(dict(key))
            if len(self._sets) < _CACHED_SETS:
                self._sets[key] = found
        return found


class _OthersSpans(SpanProcessor):
    """Families of spans that are no runs of ours; closed when those end, or when too many others came."""

    _of: ClassVar[WeakKeyDictionary[object, _OthersSpans]] = WeakKeyDictionary()

    def __init__(self, tracer: Tracer) -> None:
        self.families = Families(tracer)

    @classmethod
    def of(cls, provider: object, tracer: Tracer) -> _OthersSpans:
        """Return those of a provider; where it is OpenTelemetry's, they hear of spans that end."""
        found = cls._of.get(provider)
        if found is None:
            found = cls._of[provider] = cls(tracer)
            if isinstance(provider, TracerProvider):
                provider.add_span_processor(found)
        return found

    @_guard
    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None:
            self.families.close(span.context.span_id)


_ledger: Ledger | None = None


def ledger_of(on: Active) -> Ledger:
    """Return the ledger of what is on; one is made where something else was on before."""
    global _ledger  # noqa: PLW0603 - as there is one `Active`
    found = _ledger
    if found is None or found.on is not on:
        found = _ledger = Ledger(on)
    return found
