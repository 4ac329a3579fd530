"""Spans that the real instrumentations record in this process, as the server keeps them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from openinference.instrumentation.anthropic import AnthropicInstrumentor as OpenInferenceAnthropic
from openinference.instrumentation.langchain import LangChainInstrumentor as OpenInferenceLangChain
from openinference.instrumentation.openai import OpenAIInstrumentor as OpenInferenceOpenAI
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor as TraceloopAnthropic
from opentelemetry.instrumentation.genai.anthropic import AnthropicInstrumentor as GenAIAnthropic
from opentelemetry.instrumentation.genai.langchain import LangChainInstrumentor as GenAILangChain
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor as GenAIOpenAI
from opentelemetry.instrumentation.langchain import LangchainInstrumentor as TraceloopLangChain
from opentelemetry.instrumentation.openai import OpenAIInstrumentor as TraceloopOpenAI
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from spanglass.server.record import StoredSpan
from understood import understood
from untouched import untouched

OPENAI = {"openinference": OpenInferenceOpenAI, "traceloop": TraceloopOpenAI, "genai": GenAIOpenAI}
ANTHROPIC = {"openinference": OpenInferenceAnthropic, "traceloop": TraceloopAnthropic, "genai": GenAIAnthropic}
LANGCHAIN = {"openinference": OpenInferenceLangChain, "traceloop": TraceloopLangChain, "genai": GenAILangChain}


@contextmanager
def recorded(*instrumentors: Callable[[], Any]) -> Iterator[tuple[TracerProvider, Callable[[], Sequence[StoredSpan]]]]:
    """Record spans while instrumentations are on; what is yielded last returns them as the server keeps them."""
    exporter = InMemorySpanExporter()
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    meters = MeterProvider(shutdown_on_exit=False)

    def kept() -> Sequence[StoredSpan]:
        body = encode_spans(exporter.get_finished_spans()).SerializeToString()
        return understood(body)

    with ExitStack() as stack:
        stack.enter_context(untouched("openai", "anthropic", "langchain_core", "langchain_openai"))
        for made in instrumentors:
            instrumentor = made()
            instrumentor.instrument(tracer_provider=tracers, meter_provider=meters, skip_dep_check=True)
            stack.callback(instrumentor.uninstrument)
        yield tracers, kept
