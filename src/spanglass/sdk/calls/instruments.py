"""The metrics of calls: instruments made from the table of `semconv`, and one attempt's points on them."""

from __future__ import annotations

from collections.abc import Container

from opentelemetry.context import Context
from opentelemetry.metrics import Counter, Histogram, Meter
from opentelemetry.trace import NonRecordingSpan, get_current_span, set_span_in_context

from spanglass.call import CostState, Request, Usage
from spanglass.sdk.calls.outcome import Outcome
from spanglass.sdk.calls.tallies import LabelSet, Tallies
from spanglass.sdk.context import CallContext
from spanglass.sdk.labels import Labels
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics
from spanglass.semconv.metrics import Metric

_CACHED_SETS = 1024
_NS = 1e-9
# Not empty, which would mean the current one. Who looks for a slow or dear call finds it by duration and cost.
_NO_EXEMPLAR = Context({"spanglass.exemplar": False})
_TOO_MANY_REQUESTS = 429


class CallLabels:
    """The labels of one kind of call, and those sets with one label more that its metrics need.

    Args:
        base: The labels every point of the call carries.
    """

    __slots__ = ("_more", "base")

    def __init__(self, base: dict[str, str]) -> None:
        self.base = LabelSet(base)
        self._more: dict[tuple[str, str], LabelSet] = {}

    def plus(self, name: str, value: str) -> LabelSet:
        """Return the labels with one more."""
        found = self._more.get((name, value))
        if found is None:
            found = self._more[name, value] = LabelSet({**self.base.mapping, name: value})
        return found


class Instruments:
    """The instruments of calls; shared by all threads.

    Args:
        meter: Makes the instruments.
        labels: Keeps the values of labels to a bounded number.
        tallies: Keeps counts and values until they are collected.
    """

    def __init__(self, meter: Meter, labels: Labels, tallies: Tallies) -> None:
        self._labels = labels
        self._count = tallies.add
        self._record = tallies.record
        self._sets: dict[tuple[str | None, ...], CallLabels] = {}
        self._duration = _histogram(meter, metrics.OPERATION_DURATION)
        self._tokens = _histogram(meter, metrics.TOKEN_USAGE)
        self._first_chunk = _histogram(meter, metrics.TIME_TO_FIRST_CHUNK)
        self._first_token = _histogram(meter, metrics.TIME_TO_FIRST_TOKEN)
        self._cost = _histogram(meter, metrics.OPERATION_COST)
        self._cache_read = _counter(meter, metrics.CACHE_READ_TOKENS)
        self._cache_write = _counter(meter, metrics.CACHE_WRITE_TOKENS)
        self._reasoning = _counter(meter, metrics.REASONING_TOKENS)
        self._unpriced = _counter(meter, metrics.UNPRICED)
        self._retries = _counter(meter, metrics.RETRIES)
        self._rate_limits = _counter(meter, metrics.RATE_LIMITS)
        self._finish_reasons = _counter(meter, metrics.FINISH_REASONS)

    def record(
        self,
        request: Request,
        outcome: Outcome,
        *,
        resend: int,
        of: CallContext,
        elsewhere: Container[str],
        context: Context,
    ) -> None:
        """Record one attempt.

        Args:
            request: What was asked for.
            outcome: How it came out.
            resend: Which retry it is.
            of: For what the call was made.
            elsewhere: Names of metrics that another producer records of this call.
            context: Holds the attempt's span, for exemplars.
        """
        if outcome.redirected:
            return
        labels = self._of(request, outcome.response.model, of)
        context = _of_trace(context)
        if metrics.OPERATION_DURATION.name not in elsewhere:
            self._record_attempt(labels, outcome, resend, context)
        if outcome.status == _TOO_MANY_REQUESTS:
            self._count(self._rate_limits, 1, labels.base)
        if outcome.usage is not None:
            self._record_usage(labels, outcome.usage, elsewhere)
        self._record_cost(labels, outcome, context)
        self._record_answer(labels, outcome, elsewhere, context)

    def _of(self, request: Request, response_model: str | None, of: CallContext) -> CallLabels:
        key = (request.operation, request.provider, request.model, response_model, *of[2:])
        found = self._sets.get(key)
        if found is None:
            base = {attr.OPERATION: request.operation, attr.PROVIDER: request.provider, **self._labels.of(of)}
            for name, model in ((attr.REQUEST_MODEL, request.model), (attr.RESPONSE_MODEL, response_model)):
                if model is not None:
                    base[name] = self._labels.bounded(name, model)
            found = CallLabels(base)
            if len(self._sets) < _CACHED_SETS:
                self._sets[key] = found
        return found

    def _record_attempt(self, labels: CallLabels, outcome: Outcome, resend: int, context: Context) -> None:
        points = labels.base
        if outcome.error_type is not None:
            points = labels.plus(attr.ERROR_TYPE, self._labels.bounded(attr.ERROR_TYPE, outcome.error_type))
        self._record(self._duration, outcome.duration_ns * _NS, points, context)
        if resend:
            # A producer that counts calls counts no attempts: calls = attempts - retries holds only beside our own.
            self._count(self._retries, 1, labels.base)

    def _record_usage(self, labels: CallLabels, usage: Usage, elsewhere: Container[str]) -> None:
        if metrics.TOKEN_USAGE.name not in elsewhere:
            if usage.input_tokens is not None:
                self._record(self._tokens, usage.input_tokens, labels.plus(attr.TOKEN_TYPE, "input"), _NO_EXEMPLAR)
            if usage.output_tokens is not None:
                self._record(self._tokens, usage.output_tokens, labels.plus(attr.TOKEN_TYPE, "output"), _NO_EXEMPLAR)
        if usage.cache_read_tokens:
            self._count(self._cache_read, usage.cache_read_tokens, labels.base)
        if usage.cache_write_tokens:
            self._count(self._cache_write, usage.cache_write_tokens, labels.base)
        if usage.reasoning_tokens:
            self._count(self._reasoning, usage.reasoning_tokens, labels.base)

    def _record_cost(self, labels: CallLabels, outcome: Outcome, context: Context) -> None:
        cost = outcome.cost
        if cost is None:
            return
        if cost.state is CostState.UNPRICED or cost.amount is None:
            self._count(self._unpriced, 1, labels.base)
        else:
            self._record(self._cost, float(cost.amount), labels.plus(attr.COST_STATE, cost.state.value), context)

    def _record_answer(self, labels: CallLabels, outcome: Outcome, elsewhere: Container[str], context: Context) -> None:
        times = outcome.response.times
        if times is not None:
            if times.first_chunk_ns is not None and metrics.TIME_TO_FIRST_CHUNK.name not in elsewhere:
                self._record(self._first_chunk, times.first_chunk_ns * _NS, labels.base, context)
            if times.first_token_ns is not None:
                self._record(self._first_token, times.first_token_ns * _NS, labels.base, context)
        for reason in outcome.response.finish_reasons:
            label = self._labels.bounded(attr.FINISH_REASON, reason)
            self._count(self._finish_reasons, 1, labels.plus(attr.FINISH_REASON, label))


def _of_trace(context: Context) -> Context:
    # A value waits with its context: with the span's name in place of the span, which may hold messages.
    return set_span_in_context(NonRecordingSpan(get_current_span(context).get_span_context()), context)


def _histogram(meter: Meter, metric: Metric) -> Histogram:
    return meter.create_histogram(
        metric.name, metric.unit, metric.meaning, explicit_bucket_boundaries_advisory=metric.buckets
    )


def _counter(meter: Meter, metric: Metric) -> Counter:
    return meter.create_counter(metric.name, metric.unit, metric.meaning)
