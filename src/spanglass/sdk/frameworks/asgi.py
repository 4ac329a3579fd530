"""OpenTelemetry's ASGI middleware as spanglass uses it: HTTP requests alone, each once, named by their route."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Protocol

from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.trace import Status, StatusCode, get_current_span

from spanglass.sdk.frameworks.excluded import excluded_urls
from spanglass.sdk.guard import safely

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_SEEN = "spanglass.http"
_WHOLLY = 2  # starlette.routing.Match.FULL
_guard = safely("frameworks.asgi")


class Route(Protocol):
    """The part of Starlette's `BaseRoute` that names a request."""

    def matches(self, scope: Scope) -> tuple[Any, Scope]:
        """Return how far a request matches, and what to add to the scope below."""


class Middleware(OpenTelemetryMiddleware):
    """Makes one span and one measurement of an HTTP request, however many applications are mounted in each other.

    A WebSocket connection passes: a span that lasts for hours would be the parent of everything in it.

    Args:
        app: The application.
        framework: Name of the row, for the URLs left out.
    """

    def __init__(self, app: Application, framework: str) -> None:
        super().__init__(
            app,
            excluded_urls=",".join(excluded_urls(framework)),
            default_span_details=_details,
            exclude_spans=["receive", "send"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or _SEEN in scope:
            await self.app(scope, receive, send)
            return
        scope[_SEEN] = True
        await super().__call__(scope, receive, send)


class ErrorsOnSpan:
    """Notes an exception while its span is open; what stands around it turns it into an answer, which ends the span.

    Args:
        app: The application.
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            with _guard:
                span = get_current_span()
                if scope["type"] == "http" and span.is_recording():
                    span.record_exception(error)
                    span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def _details(scope: Scope) -> tuple[str, dict[str, str]]:
    method = scope.get("method", "")
    known = method in {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"}
    method = method if known else "HTTP"
    route = _route(getattr(scope.get("app"), "routes", ()), scope)
    return (f"{method} {route}", {"http.route": route}) if route else (method, {})


@_guard
def _route(routes: Iterable[Route], scope: Scope) -> str:
    """Return the template of the route that a request will take, through mounted applications; empty for none."""
    for route in routes:
        match, child = route.matches(scope)
        if match.value == _WHOLLY:
            below = _route(getattr(route, "routes", None) or (), {**scope, **child})
            return f"{getattr(route, 'path', '')}{below or ''}"
    return ""
