"""Spans above a call that tell of it once more, as wrappers written by hand do; finds them, marks nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace import Span as SDKSpan
from opentelemetry.trace import Span

from spanglass.sdk.calls.newest import Newest
from spanglass.sdk.calls.producers import is_span_of, names_another_model
from spanglass.semconv import attributes as attr


class _Call(NamedTuple):
    span_id: int
    operation: str
    model: str | None


class Above:
    """Knows below which open spans a call is recorded: from the beginning of the call to their end.

    Without locks: each step is one operation on a dictionary.
    """

    def __init__(self) -> None:
        self._below: Newest[tuple[int, int], _Call] = Newest()  # by trace id and id of the span above

    def __bool__(self) -> bool:
        """Say whether any is waited for."""
        return bool(self._below)

    def began(self, span: Span, request: Mapping[str, object]) -> None:
        """Note that a call has begun.

        Args:
            span: The span that carries it.
            request: What that was started with.
        """
        if isinstance(span, ReadableSpan):
            model = request.get(attr.REQUEST_MODEL)
            operation = str(request.get(attr.OPERATION))
            known = span.get_span_context()
            self._note(span, _Call(known.span_id, operation, model if isinstance(model, str) else None))

    def account_of(self, span: SDKSpan) -> int | None:
        """Return the span id of the call that a span which ends is another account of; None if it is none."""
        call = self._below.pop((span.context.trace_id, span.context.span_id), None)
        if call is None:
            return None
        self._note(span, call)
        attributes = span.attributes or {}
        if attr.PRODUCER in attributes:  # it carries a call itself
            return None
        again = is_span_of(call.operation, attributes) and not names_another_model(call.model, attributes)
        return call.span_id if again else None

    def _note(self, span: ReadableSpan, call: _Call) -> None:
        if span.parent is None or span.parent.is_remote:
            return
        self._below.put((span.parent.trace_id, span.parent.span_id), call)
