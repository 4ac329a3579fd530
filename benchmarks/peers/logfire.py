"""logfire, sending over OTLP; it records messages always."""

from __future__ import annotations

import os


def setup(endpoint: str, *, content: bool) -> None:
    """Switch it on.

    Raises:
        RuntimeError: Without content there is no logfire.
    """
    if not content:
        raise RuntimeError("logfire records messages always")
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
    import logfire  # noqa: PLC0415 - its import is part of what is measured

    logfire.configure(send_to_logfire=False, console=False, service_name="bench", inspect_arguments=False)
    logfire.instrument_openai()
