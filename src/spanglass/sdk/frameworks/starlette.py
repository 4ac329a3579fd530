"""Switches on spans of requests to Starlette applications, made before `init()` or after."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.middleware.errors import ServerErrorMiddleware

from spanglass.sdk.frameworks.asgi import Application, ErrorsOnSpan, Middleware
from spanglass.sdk.frameworks.method import wrap_method
from spanglass.sdk.frameworks.stable import stable_names
from spanglass.sdk.guard import safely

_guard = safely("frameworks.starlette")


def switch_on(_: type) -> None:
    """Put the middleware around every application when its first request, or its start, builds its stack."""
    wrap_method(Starlette, "build_middleware_stack", around_stack("starlette"))


def around_stack(framework: str) -> Callable[[Callable[[Starlette], Application], Starlette], Application]:
    """Return what wraps `build_middleware_stack`.

    Args:
        framework: Name of the row, for the URLs left out.
    """

    def build(original: Callable[[Starlette], Application], app: Starlette) -> Application:
        stack = original(app)
        if not _has_another(app):
            with _guard, stable_names():
                if isinstance(stack, ServerErrorMiddleware):
                    stack.app = ErrorsOnSpan(stack.app)
                return Middleware(stack, framework)
        return stack

    return build


def _has_another(app: Starlette) -> bool:
    """Whether the application traces itself: by OpenTelemetry's middleware, Starlette's own or an instrumentor."""
    named = any(getattr(row.cls, "__name__", "") == "OpenTelemetryMiddleware" for row in app.user_middleware)
    return named or getattr(app, "_is_instrumented_by_opentelemetry", False)
