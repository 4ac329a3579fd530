"""The recorder: opens an attempt for each HTTP request to a model and owns what attempts share; no HTTP library."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from opentelemetry._logs import LoggerProvider
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

if TYPE_CHECKING:
    from spanglass.sdk.content import ContentMode
    from spanglass.sdk.labels import Labels


class Recorder:
    """Makes spans, metrics and events of calls to models; one per process, shared by every hook.

    Args:
        tracer_provider: Where spans go.
        meter_provider: Where metrics go.
        logger_provider: Where `gen_ai.client.inference.operation.details` goes; None records no events.
        content: Whether messages are recorded, and where.
        labels: The bounded labels of metrics.
        price_table_path: A price file that overrides the built-in table.
        hosts: Further hosts that speak a known protocol: host to provider.
    """

    def __init__(  # noqa: PLR0913 - one keyword a thing that `init` assembles
        self,
        tracer_provider: TracerProvider,
        meter_provider: MeterProvider,
        *,
        logger_provider: LoggerProvider | None = None,
        content: ContentMode,
        labels: Labels,
        price_table_path: Path | None = None,
        hosts: Mapping[str, str] | None = None,
    ) -> None:
        raise NotImplementedError

    def settle(self) -> None:
        """End what the application abandoned; called before a flush, so that nothing waits for the next call."""
        raise NotImplementedError
