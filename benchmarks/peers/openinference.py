"""openinference-instrumentation-openai, with OpenTelemetry set up by hand; it records no metrics and no cost."""

from __future__ import annotations

import os

from benchmarks.peers.providers import providers


def setup(endpoint: str, *, content: bool) -> None:
    """Switch it on."""
    hidden = str(not content).lower()
    os.environ.update(OPENINFERENCE_HIDE_INPUTS=hidden, OPENINFERENCE_HIDE_OUTPUTS=hidden)
    from openinference.instrumentation.openai import OpenAIInstrumentor  # noqa: PLC0415 - its import is measured too

    providers(endpoint)
    OpenAIInstrumentor().instrument()
