"""Switches on spans of requests to Django, WSGI or ASGI, when its settings are there and its middleware is loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.handlers.base import BaseHandler  # type: ignore[import-untyped] # Django has no types
from opentelemetry.instrumentation.django.middleware.otel_middleware import _DjangoMiddleware
from opentelemetry.sdk.trace import Span
from opentelemetry.trace import SpanKind, get_current_span
from opentelemetry.util.http import ExcludeList

from spanglass.sdk.frameworks.framework import Instrumentor
from spanglass.sdk.frameworks.method import wrap_method
from spanglass.sdk.frameworks.quiet import quiet_urls
from spanglass.sdk.frameworks.stable import stable_names
from spanglass.sdk.guard import safely

_guard = safely("frameworks.django")
_OUTER = ("opentelemetry.instrumentation.asgi", "opentelemetry.instrumentation.wsgi", "starlette", "fastapi")


def switch_on(instrumentor: type[Instrumentor]) -> None:
    """Add OpenTelemetry's middleware as soon as a handler loads the middleware of the settings.

    Earlier the settings may not be there, and then OpenTelemetry's instrumentor makes empty ones.

    Args:
        instrumentor: OpenTelemetry's class.
    """

    def load(original: Callable[..., object], handler: BaseHandler, **given: Any) -> object:  # noqa: ANN401 - Django's
        with _guard:
            django = instrumentor()
            if not django.is_instrumented_by_opentelemetry:
                with stable_names():
                    django.instrument(excluded_urls=quiet_urls("django"))
                _DjangoMiddleware._excluded_urls = _QuietOrSeen(quiet_urls("django").split(","))  # noqa: SLF001
        return original(handler, **given)

    wrap_method(BaseHandler, "load_middleware", load)


class _QuietOrSeen(ExcludeList):
    """Leaves out, beside URLs, what an ASGI or WSGI middleware around Django has made a span of already."""

    def url_disabled(self, url: str) -> bool:
        """Whether a request is to become no span; asked before its span is made and after."""
        span = get_current_span()
        scope = span.instrumentation_scope if isinstance(span, Span) and span.kind is SpanKind.SERVER else None
        return (scope is not None and scope.name in _OUTER) or super().url_disabled(url)
