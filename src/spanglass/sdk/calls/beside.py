"""Spans that others record of the same call and never make current: found while open, marked at their end.

Callback frameworks (LangChain) open a span for a call and never make it current; others write theirs after the fact
(LiteLLM, with the usage even on the caller's span). Such a span is made the parent of ours where it is open at the
request, and where it turns out to be an account of the same call it is marked, so that its usage is not counted again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from threading import current_thread, get_ident
from typing import ClassVar
from weakref import WeakKeyDictionary

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace import Span as SDKSpan
from opentelemetry.trace import Span, format_span_id
from opentelemetry.util.types import AttributeValue

from spanglass.sdk.calls.above import Above
from spanglass.sdk.calls.kept import Kept
from spanglass.sdk.calls.newest import Newest
from spanglass.sdk.calls.producers import AROUND, NOT_CURRENT, is_span_of
from spanglass.sdk.guard import safely
from spanglass.semconv import attributes as attr

_guard = safely("calls.beside")


class _Open:
    """A span of a framework that does not make its spans current.

    Attributes:
        span: The span.
        thread: Who started it; None for asyncio's own pool, where callbacks of a coroutine are run.
        parent: Span id of its parent; None for a root.
        children: How many spans of the framework are open below it.
        calls: Calls of ours below it.
        last: Span id of the last of them.
    """

    __slots__ = ("calls", "children", "last", "parent", "span", "thread")

    def __init__(self, span: SDKSpan) -> None:
        self.span = span
        self.thread = None if current_thread().name.startswith("asyncio_") else get_ident()
        self.parent = span.parent.span_id if span.parent is not None else None
        self.children = 0
        self.calls = 0
        self.last = 0


class Beside(SpanProcessor):
    """Watches the spans of one tracer provider; shared by all its recorders.

    Without locks: each step is one operation on a dictionary, and a child counted wrongly costs a worse guess.
    """

    _of: ClassVar[WeakKeyDictionary[TracerProvider, Beside]] = WeakKeyDictionary()

    def __init__(self) -> None:
        self._open: Newest[int, _Open] = Newest()  # by span id, oldest first
        self._recorded: Newest[tuple[int, str], int] = Newest()  # span id by trace id and response id
        self._around: Newest[int, SDKSpan] = Newest()  # by span id
        self._above = Above()
        self._kept = Kept()
        self._leaving: Newest[tuple[int, int], Callable[[], Span]] = Newest()  # by trace and span id

    @classmethod
    def of(cls, provider: object) -> Beside | None:
        """Return the watch over a provider's spans, begun at the first request; None where it cannot be watched."""
        if not isinstance(provider, TracerProvider):
            return None
        found = cls._of.get(provider)
        if found is None:
            found = cls._of[provider] = cls()
            provider.add_span_processor(found)
        return found

    def parent_for(self, trace_id: int | None) -> Span | None:
        """Return the open span that a call which begins now most likely belongs to.

        That is the innermost one of the trace; among equals the first without a call. Concurrent calls of one parent
        and framework may be told apart wrongly, which is why nothing but the parent depends on it.

        Args:
            trace_id: Trace of the current span; None without one, then roots begun in this thread are looked through.
        """
        if not self._open:
            return None
        found = min(self._innermost(trace_id), key=lambda row: row.calls, default=None)
        return None if found is None else found.span

    def _innermost(self, trace_id: int | None) -> Iterable[_Open]:
        rows = list(self._open.values())
        if trace_id is None:
            threads = (get_ident(), None) if _in_a_loop() else (get_ident(),)
            traces = {row.span.context.trace_id for row in rows if row.parent is None and row.thread in threads}
        else:
            traces = {trace_id}
        return [row for row in rows if not row.children and row.span.context.trace_id in traces]

    def other_account(self, span: SDKSpan) -> Span | None:
        """Return an open span without a call that stands for the same call as the current span, as far as can be told.

        That is its parent, else what `parent_for` would give; none where the span is itself one of those watched.
        """
        around = None if span.parent is None else self._around.get(span.parent.span_id)
        if around is not None:
            return around
        if not self._open or span.context.span_id in self._open:
            return None
        above = None if span.parent is None else self._open.get(span.parent.span_id)
        trace_id = None if span.parent is None else span.context.trace_id
        return next(
            (row.span for row in (above, *self._innermost(trace_id)) if row is not None and not row.calls), None
        )

    def took(self, parent: Span, call: Span) -> None:
        """Note which span carries the call that an open span was opened for: another one, or that span itself."""
        row = self._open.get(parent.get_span_context().span_id)
        if row is not None:
            row.calls += 1
            row.last = call.get_span_context().span_id

    def began(self, span: Span, request: Mapping[str, object], leave: Callable[[], Span] | None) -> None:
        """Note that a call has begun.

        Args:
            span: The span that carries it.
            request: What it was started with.
            leave: Where the span is somebody else's and ends before the call does, opens one that carries it from then.
        """
        self._above.began(span, request)
        if leave is not None:
            self._leaving.put(_key(span), leave)

    def over(self, span: Span) -> None:
        """Note that the call which a span carried is over."""
        self._leaving.pop(_key(span), None)

    def recorded(self, span: Span, response_id: str) -> None:
        """Note which span holds the account of a response."""
        known = span.get_span_context()
        self._recorded.put((known.trace_id, response_id), known.span_id)

    def keep(self, span: Span, attributes: Mapping[str, AttributeValue]) -> None:
        """Note what was read for a span of somebody else's, who may write other figures over it before it ends."""
        self._kept.keep(span, attributes)

    def on_start(self, span: SDKSpan, parent_context: Context | None = None) -> None:  # noqa: ARG002 - the interface's
        """Keep a span of a framework that does not make its spans current, or has those of clients inside."""
        scope = span.instrumentation_scope
        if scope is None or (scope.name not in AROUND and scope.name not in NOT_CURRENT):
            return
        with _guard:
            if scope.name in AROUND:
                self._around.put(span.context.span_id, span)
            if scope.name in NOT_CURRENT:
                row = _Open(span)
                if row.parent is not None and row.parent in self._open:
                    self._open[row.parent].children += 1
                self._open.put(span.context.span_id, row)

    def _on_ending(self, span: SDKSpan) -> None:
        """Mark a span that is another account of a call of ours; put back usage that was written over."""
        if self._around:
            self._around.pop(span.context.span_id, None)
        if not (self._open or self._recorded or self._above or self._kept or self._leaving):
            return
        with _guard:
            # Every span of the application comes here: what nothing is known of is not asked.
            changed = self._kept.written_over(span) if self._kept else {}
            above = self._above.account_of(span) if self._above else None
            leave = self._leaving.pop(_key(span), None) if self._leaving else None
            left = None if leave is None else leave().get_span_context().span_id
            closed = self._closed(span) if self._open else None
            stands = left or closed or self._same_response(span) or above
            if stands is not None and stands != span.context.span_id:
                changed[attr.DUPLICATE_OF] = format_span_id(stands)
            if changed:
                _write(span, changed)

    def _closed(self, span: SDKSpan) -> int | None:
        row = self._open.pop(span.context.span_id, None)
        if row is None:
            return None
        if row.parent is not None and row.parent in self._open:
            self._open[row.parent].children -= 1
        if not row.calls:
            return None
        attributes = span.attributes or {}
        return row.last if any(is_span_of(operation, attributes) for operation in ("chat", "embeddings")) else None

    def _same_response(self, span: SDKSpan) -> int | None:
        said = (span.attributes or {}).get(attr.RESPONSE_ID)
        if not isinstance(said, str):
            return None
        return self._recorded.get((span.context.trace_id, said))

    def on_end(self, span: ReadableSpan) -> None:
        """Nothing to do."""

    def shutdown(self) -> None:
        """Nothing to close."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the interface's
        """Nothing is held back."""
        return True


def _in_a_loop() -> bool:
    asyncio = sys.modules.get("asyncio")  # an application without it does not pay for it
    return asyncio is not None and asyncio._get_running_loop() is not None  # noqa: SLF001 - public in all but name


def _key(span: Span) -> tuple[int, int]:
    known = span.get_span_context()
    return known.trace_id, known.span_id


def _write(span: SDKSpan, changed: Mapping[str, AttributeValue]) -> None:
    attributes = span._attributes  # noqa: SLF001 - there is no other way
    if isinstance(attributes, BoundedAttributes):
        # OpenTelemetry 1.45 freezes a span's attributes before it says that the span is ending, not after.
        frozen, attributes._immutable = attributes._immutable, False  # noqa: SLF001 - likewise
        for name, value in changed.items():
            attributes[name] = value
        attributes._immutable = frozen  # noqa: SLF001 - likewise
