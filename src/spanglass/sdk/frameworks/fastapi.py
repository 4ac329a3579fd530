"""Switches on spans of requests to FastAPI applications; newer versions trace themselves and are given our defaults."""

from __future__ import annotations

import re
from collections.abc import Callable

from fastapi.applications import FastAPI

from spanglass.sdk.frameworks.asgi import Application, Scope
from spanglass.sdk.frameworks.excluded import excluded_urls
from spanglass.sdk.frameworks.method import wrap_method
from spanglass.sdk.frameworks.starlette import around_stack
from spanglass.sdk.guard import safely

_guard = safely("frameworks.fastapi")


def switch_on(_: type) -> None:
    """See to it that every application, made before `init()` or after, is traced once."""
    try:
        import fastapi.telemetry  # noqa: F401, PLC0415 - only newer versions have it
    except ImportError:
        wrap_method(FastAPI, "build_middleware_stack", around_stack("fastapi"))
    else:
        wrap_method(FastAPI, "build_middleware_stack", _with_defaults)


def _with_defaults(original: Callable[[FastAPI], Application], app: FastAPI) -> Application:
    with _guard:
        # FastAPI has no public way to change this after construction; None is its default.
        settings = app._telemetry  # noqa: SLF001 - see above
        if settings["exclude"] is None:
            settings["exclude"] = _excluded()
    return original(app)


def _excluded() -> Callable[[Scope], bool]:
    """Return what tells whether a request, or a connection, is to become no span."""
    paths = [re.compile(pattern) for pattern in excluded_urls("fastapi")]

    def is_excluded(scope: Scope) -> bool:
        # A connection lasts for hours, and its span would be the parent of everything in it; a turn is a span instead.
        return scope["type"] == "websocket" or any(path.search(scope.get("path", "")) for path in paths)

    return is_excluded
