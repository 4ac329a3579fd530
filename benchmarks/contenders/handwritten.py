"""OpenTelemetry written by hand around each call, as people do today, with the span and metrics spanglass records."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

PRICE = {"input": 0.15e-6, "output": 0.60e-6, "cache_read": 0.075e-6}


def setup(endpoint: str, *, content: bool = False) -> None:
    """Build the providers and the instruments."""
    _Instruments.content = content
    resource = Resource.create({"service.name": "bench", "deployment.environment.name": "bench"})
    tracers = TracerProvider(resource=resource)
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")))
    trace.set_tracer_provider(tracers)
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=f"{endpoint}/v1/metrics"))
    metrics.set_meter_provider(MeterProvider(metric_readers=[reader], resource=resource))
    meter = metrics.get_meter("bench")
    _Instruments.tracer = trace.get_tracer("bench")
    _Instruments.duration = meter.create_histogram("gen_ai.client.operation.duration", unit="s")
    _Instruments.tokens = meter.create_histogram("gen_ai.client.token.usage", unit="{token}")
    _Instruments.first = meter.create_histogram("gen_ai.client.operation.time_to_first_chunk", unit="s")
    _Instruments.first_token = meter.create_histogram("spanglass.client.time_to_first_token", unit="s")
    _Instruments.cost = meter.create_histogram("gen_ai.client.operation.cost", unit="{USD}")
    _Instruments.cached = meter.create_counter("gen_ai.client.inference.usage.cache_read.input_tokens", unit="{token}")
    _Instruments.finish = meter.create_counter("spanglass.client.finish_reasons", unit="{choice}")


def flush() -> None:
    """Send what waits."""
    for provider in (trace.get_tracer_provider(), metrics.get_meter_provider()):
        if isinstance(provider, TracerProvider | MeterProvider):
            provider.force_flush()


class _Instruments:
    content: bool
    tracer: trace.Tracer
    duration: metrics.Histogram
    tokens: metrics.Histogram
    first: metrics.Histogram
    first_token: metrics.Histogram
    cost: metrics.Histogram
    cached: metrics.Counter
    finish: metrics.Counter


def _finish(span: trace.Span, model: str, answer: Any, usage: Any, finish_reason: str, started: float) -> None:  # noqa: ANN401 - the client's own types
    cached = usage.prompt_tokens_details.cached_tokens
    cost = (
        (usage.prompt_tokens - cached) * PRICE["input"]
        + cached * PRICE["cache_read"]
        + usage.completion_tokens * PRICE["output"]
    )
    span.set_attributes(
        {
            "gen_ai.response.id": answer.id,
            "gen_ai.response.model": answer.model,
            "gen_ai.response.finish_reasons": [finish_reason],
            "gen_ai.usage.input_tokens": usage.prompt_tokens,
            "gen_ai.usage.output_tokens": usage.completion_tokens,
            "gen_ai.usage.cache_read.input_tokens": cached,
            "gen_ai.usage.reasoning.output_tokens": usage.completion_tokens_details.reasoning_tokens,
            "openai.response.service_tier": answer.service_tier or "",
            "openai.response.system_fingerprint": answer.system_fingerprint or "",
            "http.response.status_code": 200,
            "gen_ai.usage.cost.amount": cost,
            "gen_ai.usage.cost.currency": "USD",
            "gen_ai.usage.cost.source": "local",
            "spanglass.cost.state": "computed",
        }
    )
    labels = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": model,
        "gen_ai.response.model": answer.model,
    }
    _Instruments.duration.record(time.perf_counter() - started, labels)
    _Instruments.tokens.record(usage.prompt_tokens, {**labels, "gen_ai.token.type": "input"})
    _Instruments.tokens.record(usage.completion_tokens, {**labels, "gen_ai.token.type": "output"})
    _Instruments.cost.record(cost, {**labels, "spanglass.cost.state": "computed"})
    _Instruments.cached.add(cached, labels)
    _Instruments.finish.add(1, {**labels, "spanglass.finish_reason": finish_reason})


def _content(span: trace.Span, name: str, messages: list[dict[str, str]]) -> None:
    if _Instruments.content:
        span.set_attribute(name, json.dumps(messages))


def _start(model: str) -> trace.Span:
    return _Instruments.tracer.start_span(
        f"chat {model}",
        kind=trace.SpanKind.CLIENT,
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": model,
            "server.address": "127.0.0.1",
        },
    )


def call(client: Any, model: str, messages: list[dict[str, str]]) -> Any:  # noqa: ANN401
    """Make one call under a span."""
    span, started = _start(model), time.perf_counter()
    with trace.use_span(span, end_on_exit=True):
        _content(span, "gen_ai.input.messages", messages)
        answer = client.chat.completions.create(model=model, messages=messages)
        _content(span, "gen_ai.output.messages", [{"role": "assistant", "content": answer.choices[0].message.content}])
        _finish(span, model, answer, answer.usage, answer.choices[0].finish_reason, started)
        return answer


def stream(client: Any, model: str, messages: list[dict[str, str]]) -> Iterator[Any]:  # noqa: ANN401
    """Make one streamed call under a span, noting first chunk and first content."""
    span, started = _start(model), time.perf_counter()
    first: float | None = None
    first_token: float | None = None
    finish_reason, usage, chunk, pieces = "error", None, None, []
    _content(span, "gen_ai.input.messages", messages)
    options = {"include_usage": True}
    for chunk in client.chat.completions.create(model=model, messages=messages, stream=True, stream_options=options):
        if first is None:
            first = time.perf_counter() - started
        if chunk.choices:
            choice = chunk.choices[0]
            if first_token is None and choice.delta.content:
                first_token = time.perf_counter() - started
            finish_reason = choice.finish_reason or finish_reason
            if _Instruments.content and choice.delta.content:
                pieces.append(choice.delta.content)
        usage = chunk.usage or usage
        yield chunk
    labels = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": model}
    _Instruments.first.record(first or 0.0, labels)
    _Instruments.first_token.record(first_token or 0.0, labels)
    _content(span, "gen_ai.output.messages", [{"role": "assistant", "content": "".join(pieces)}])
    _finish(span, model, chunk, usage, finish_reason, started)
    span.end()
