"""Switches on spans of Redis commands that are part of some work; those of nobody's make none."""

from __future__ import annotations

from collections.abc import Callable

from opentelemetry.instrumentation import redis
from opentelemetry.trace import get_current_span

from spanglass.sdk.frameworks.framework import Instrumentor


def switch_on(instrumentor: type[Instrumentor]) -> None:
    """Instrument Redis, without commands outside every span.

    A worker of Celery and a layer of Django Channels ask their broker all the time; each would be a trace of its own.

    Args:
        instrumentor: OpenTelemetry's class.
    """
    names = vars(redis)
    enabled: Callable[[], bool] = names["is_instrumentation_enabled"]
    # Asked before every command and pipeline, sync or async; there is no option for it.
    names["is_instrumentation_enabled"] = lambda: enabled() and get_current_span().get_span_context().is_valid
    instrumentor().instrument()
