"""Silence of other HTTP instrumentations while a request of ours goes over the wire: no second span for a call.

OpenTelemetry's instrumentations of HTTP clients make no span, no metric and no trace headers for a request while their
common context key is set. Other requests keep theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Token
from types import TracebackType

from opentelemetry.context import _SUPPRESS_HTTP_INSTRUMENTATION_KEY, Context, attach, detach, set_value

from spanglass.sdk.calls.recorder import Recorder


class Quiet:
    """A context manager that sets the key; used once, in sync code and in coroutines."""

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token: Token[Context] = attach(set_value(_SUPPRESS_HTTP_INSTRUMENTATION_KEY, True))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # A coroutine that is let go of is closed wherever that happens: the context it had set is gone with it.
        if kind is not GeneratorExit:
            detach(self._token)


def is_wrapped(function: object) -> bool:
    """Say whether another tool stands around a function; where none does, nobody is to be silenced."""
    return hasattr(function, "__wrapped__")


def is_call(recorder: Recorder, host: str, path: str, port: int | None, body: Callable[[], bytes | None]) -> bool:
    """Say whether a POST request is a call to a model.

    Args:
        recorder: Recognises it.
        host: Host that it goes to.
        path: Path, with or without its query.
        port: Port, where the address names one.
        body: Gives its body where the address does not tell; None for one that cannot be read here.
    """
    recognised = recorder.recognise(host, path, port)
    return recognised is not None and (recognised.known or recognised.request(body() or b"") is not None)
