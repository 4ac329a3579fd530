"""opentelemetry-instrumentation-genai-openai, with OpenTelemetry set up by hand; it records no cost."""

from __future__ import annotations

import os

from benchmarks.peers.providers import providers


def setup(endpoint: str, *, content: bool) -> None:
    """Switch it on."""
    mode = "SPAN_ONLY" if content else "NO_CONTENT"
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = mode
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
    from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor  # noqa: PLC0415 - its import is measured

    providers(endpoint)
    OpenAIInstrumentor().instrument()
