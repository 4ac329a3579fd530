"""Switches on spans of requests to Django, WSGI or ASGI, when its settings are there and its middleware is loaded."""

from __future__ import annotations

from collections.abc import Callable

from django.core.handlers.base import BaseHandler  # type: ignore[import-untyped] # Django has no types
from django.http import FileResponse  # type: ignore[import-untyped] # likewise
from django.http.response import HttpResponseBase  # type: ignore[import-untyped] # likewise
from opentelemetry.context import get_current
from opentelemetry.instrumentation.django.middleware.otel_middleware import _DjangoMiddleware
from opentelemetry.sdk.trace import Span
from opentelemetry.trace import SpanKind, get_current_span
from opentelemetry.util.http import ExcludeList

from spanglass.sdk.frameworks.excluded import excluded_urls
from spanglass.sdk.frameworks.framework import Instrumentor
from spanglass.sdk.frameworks.method import wrap_method
from spanglass.sdk.frameworks.stable import stable_names
from spanglass.sdk.frameworks.streaming import StreamedIn, streamed_in
from spanglass.sdk.guard import safely

_guard = safely("frameworks.django")
_OUTER = ("opentelemetry.instrumentation.asgi", "opentelemetry.instrumentation.wsgi", "starlette", "fastapi")


def switch_on(instrumentor: type[Instrumentor]) -> None:
    """Add OpenTelemetry's middleware as soon as a handler loads the middleware of the settings.

    Earlier the settings may not be there, and then OpenTelemetry's instrumentor makes empty ones.

    Args:
        instrumentor: OpenTelemetry's class.
    """

    def load(original: Callable[..., object], handler: BaseHandler, *args: object, **kwargs: object) -> object:
        with _guard:
            django = instrumentor()
            if not django.is_instrumented_by_opentelemetry:
                with stable_names():
                    django.instrument(response_hook=_answered)
                _DjangoMiddleware._excluded_urls = _ExcludedOrSeen(excluded_urls("django"))  # noqa: SLF001 - its one place for them
        return original(handler, *args, **kwargs)

    wrap_method(BaseHandler, "load_middleware", load)


@_guard
def _answered(_: object, __: object, response: HttpResponseBase) -> None:
    """Let the body of a streamed answer be made in the context of the request, which is current for the last time."""
    if not response.streaming or isinstance(response, FileResponse):  # a file may be sent without being read here
        return
    made = streamed_in if response.is_async else StreamedIn
    response.streaming_content = made(response.streaming_content, get_current())


class _ExcludedOrSeen(ExcludeList):
    """Leaves out, beside URLs, what an ASGI or WSGI middleware around Django has made a span of already."""

    def url_disabled(self, url: str) -> bool:
        """Whether a request is to become no span; asked before its span is made and after."""
        span = get_current_span()
        scope = span.instrumentation_scope if isinstance(span, Span) and span.kind is SpanKind.SERVER else None
        return (scope is not None and scope.name in _OUTER) or super().url_disabled(url)
