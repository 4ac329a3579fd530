"""traceloop-sdk (OpenLLMetry), with its instrumentation of the openai client alone."""

from __future__ import annotations

import os


def setup(endpoint: str, *, content: bool) -> None:
    """Switch it on."""
    os.environ["TRACELOOP_TRACE_CONTENT"] = str(content).lower()
    os.environ["TRACELOOP_METRICS_ENABLED"] = "true"
    from traceloop.sdk import Instruments, Traceloop  # noqa: PLC0415 - its import is part of what is measured

    Traceloop.init(app_name="bench", api_endpoint=endpoint, telemetry_enabled=False, instruments={Instruments.OPENAI})
