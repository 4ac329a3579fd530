"""One OpenTelemetry context made current for a while, and taken back wherever the end happens; starts no spans."""

from __future__ import annotations

from contextvars import Token
from typing import cast

from opentelemetry.context import Context, attach, detach, get_current


class Attachment:
    """Makes a context current until `undo`, which may come from another task than the beginning.

    An async generator that was left early is closed by the event loop, in a task of its own: there the context was
    never current, so there is nothing to take back, and OpenTelemetry's `detach` would log a stack trace.

    Args:
        context: The context to make current.
    """

    __slots__ = ("_context", "_token")

    def __init__(self, context: Context) -> None:
        self._context = context
        self._token: object = attach(context)

    def undo(self, *, abandoned: bool = False) -> None:
        """Put back what was current before; a second time, or where it never was current, do nothing.

        Args:
            abandoned: The block was not left but thrown away, as a generator that nobody reads on (GeneratorExit).
                Code that runs meanwhile may have made another context current; that one stays.
        """
        token, self._token = self._token, None
        if token is None or (abandoned and get_current() is not self._context):
            return
        if not isinstance(token, Token):  # OTEL_PYTHON_CONTEXT names another implementation
            detach(cast("Token[Context]", token))
            return
        try:
            token.var.reset(token)
        except ValueError:  # made in another task or thread
            return
