"""Switches on spans of requests to Flask applications, made before `init()` or after."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock
from typing import Protocol

from flask import Flask
from opentelemetry.context import Context
from opentelemetry.trace import Span, set_span_in_context
from werkzeug.wsgi import ClosingIterator

from spanglass.sdk.frameworks.excluded import excluded_urls
from spanglass.sdk.frameworks.method import wrap_method
from spanglass.sdk.frameworks.stable import stable_names
from spanglass.sdk.frameworks.streaming import StreamedIn
from spanglass.sdk.guard import safely

_guard = safely("frameworks.flask")
_lock = Lock()
_CONTEXT = "spanglass.context"
_MARK = "_is_instrumented_by_opentelemetry"


class FlaskInstrumentor(Protocol):
    """The part of OpenTelemetry's class that instruments one application."""

    def instrument_app(self, app: Flask, **options: object) -> None:
        """Instrument an application that has served nothing yet."""


def switch_on(instrumentor: type) -> None:
    """Instrument each application when it is called first.

    OpenTelemetry's own way replaces the class `flask.Flask`, and misses who has imported it before.

    Args:
        instrumentor: OpenTelemetry's class.
    """
    wrap_method(Flask, "__call__", _around_call(instrumentor()))


def _around_call(instrumentor: FlaskInstrumentor) -> Callable[..., object]:
    def call(
        original: Callable[..., Iterable[bytes]], app: Flask, environ: dict[str, object], start_response: object
    ) -> Iterable[bytes]:
        if not getattr(app, _MARK, False):
            with _guard, _lock:
                _instrument(instrumentor, app)
        body = original(app, environ, start_response)
        context = environ.pop(_CONTEXT, None)
        # Anything else is not read here: a file that the server sends by itself.
        return StreamedIn(body, context) if isinstance(context, Context) and isinstance(body, ClosingIterator) else body

    return call


def _instrument(instrumentor: FlaskInstrumentor, app: Flask) -> None:
    if getattr(app, _MARK, False):  # another thread was faster
        return
    if app._got_first_request:  # noqa: SLF001 - Flask takes no more handlers then, and has no public word for it
        setattr(app, _MARK, True)
        return
    with stable_names():
        # Its SQL comments would leave their context attached to the thread.
        excluded = ",".join(excluded_urls("flask"))
        instrumentor.instrument_app(app, excluded_urls=excluded, enable_commenter=False, request_hook=_began)


def _began(span: Span, environ: dict[str, object]) -> None:
    environ[_CONTEXT] = set_span_in_context(span)
