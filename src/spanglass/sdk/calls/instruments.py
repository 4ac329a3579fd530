"""The metrics of calls: instruments made from the table of `semconv`, and one attempt's points on them."""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

from opentelemetry.context import Context
from opentelemetry.metrics import Counter, Histogram, Meter
from opentelemetry.trace import NonRecordingSpan, SpanContext, get_current_span, set_span_in_context

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


class _Kind(NamedTuple):
    """What calls with the same labels have in common."""

    operation: str
    provider: str
    request_model: str | None
    response_model: str | None
    feature: str | None
    prompt_name: str | None
    prompt_version: str | None


class _Measured(NamedTuple):
    """What the points of one attempt are made of.

    Attributes:
        kind: What its labels are made of.
        outcome: How it came out.
        resend: Which retry it is.
        elsewhere: Names of metrics that another producer records of it.
        span: Names its trace.
    """

    kind: _Kind
    outcome: Outcome
    resend: int
    elsewhere: Container[str]
    span: SpanContext


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
        self._wait = tallies.wait
        self._sets: dict[_Kind, CallLabels] = {}
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
        response = outcome.response
        if response.output_messages is not None:  # it may be large, and waits
            outcome = outcome._replace(response=response._replace(output_messages=None, tool_calls=()))
        kind = _Kind(request.operation, request.provider, request.model, response.model, *of[2:])
        span = get_current_span(context).get_span_context()
        self._wait(self._write, _Measured(kind, outcome, resend, elsewhere, span))

    def _write(self, measured: _Measured) -> None:
        outcome, elsewhere = measured.outcome, measured.elsewhere
        labels = self._of(measured.kind)
        context = set_span_in_context(NonRecordingSpan(measured.span), Context())
        if metrics.OPERATION_DURATION.name not in elsewhere:
            self._record_attempt(labels, outcome, measured.resend, context)
        if outcome.status == _TOO_MANY_REQUESTS:
            self._count(self._rate_limits, 1, labels.base)
        if outcome.usage is not None:
            self._record_usage(labels, outcome.usage, elsewhere)
        self._record_cost(labels, outcome, context)
        self._record_answer(labels, outcome, elsewhere, context)

    def _of(self, kind: _Kind) -> CallLabels:
        found = self._sets.get(kind)
        if found is None:
            operation, provider, request_model, response_model, *application = kind
            base = {attr.OPERATION: operation, attr.PROVIDER: provider}
            base.update(self._labels.of(CallContext(None, None, *application)))
            for name, model in ((attr.REQUEST_MODEL, request_model), (attr.RESPONSE_MODEL, response_model)):
                if model is not None:
                    base[name] = self._labels.bounded(name, model)
            found = CallLabels(base)
            if len(self._sets) < _CACHED_SETS:
                self._sets[kind] = found
        return found

    def _record_attempt(self, labels: CallLabels, outcome: Outcome, resend: int, context: Context) -> None:
        points = labels.base
        if outcome.error_type is not None:
            points = labels.plus(attr.ERROR_TYPE, self._labels.bounded(attr.ERROR_TYPE, outcome.error_type))
        points.series(self._duration).record(outcome.duration_ns * _NS, context)
        if resend:
            # A producer that counts calls counts no attempts: calls = attempts - retries holds only beside our own.
            self._count(self._retries, 1, labels.base)

    def _record_usage(self, labels: CallLabels, usage: Usage, elsewhere: Container[str]) -> None:
        if metrics.TOKEN_USAGE.name not in elsewhere:
            if usage.input_tokens is not None:
                labels.plus(attr.TOKEN_TYPE, "input").series(self._tokens).record(usage.input_tokens, _NO_EXEMPLAR)
            if usage.output_tokens is not None:
                labels.plus(attr.TOKEN_TYPE, "output").series(self._tokens).record(usage.output_tokens, _NO_EXEMPLAR)
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
            labels.plus(attr.COST_STATE, cost.state.value).series(self._cost).record(float(cost.amount), context)

    def _record_answer(self, labels: CallLabels, outcome: Outcome, elsewhere: Container[str], context: Context) -> None:
        times = outcome.response.times
        if times is not None:
            if times.first_chunk_ns is not None and metrics.TIME_TO_FIRST_CHUNK.name not in elsewhere:
                labels.base.series(self._first_chunk).record(times.first_chunk_ns * _NS, context)
            if times.first_token_ns is not None:
                labels.base.series(self._first_token).record(times.first_token_ns * _NS, context)
        for reason in outcome.response.finish_reasons:
            label = self._labels.bounded(attr.FINISH_REASON, reason)
            self._count(self._finish_reasons, 1, labels.plus(attr.FINISH_REASON, label))


def _histogram(meter: Meter, metric: Metric) -> Histogram:
    return meter.create_histogram(
        metric.name, metric.unit, metric.meaning, explicit_bucket_boundaries_advisory=metric.buckets
    )


def _counter(meter: Meter, metric: Metric) -> Counter:
    return meter.create_counter(metric.name, metric.unit, metric.meaning)
