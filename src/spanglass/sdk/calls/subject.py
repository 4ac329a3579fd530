"""Whose span an attempt is written on: one of ours, one that somebody else opened for this very call, or none."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple
from weakref import WeakKeyDictionary

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace import Span as SDKSpan
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, Tracer, get_current_span, set_span_in_context

from spanglass.call import Request
from spanglass.sdk.calls.attributes import Attributes
from spanglass.sdk.calls.beside import Beside
from spanglass.sdk.calls.moment import Moment
from spanglass.sdk.calls.newest import Newest
from spanglass.sdk.calls.producers import (
    CONTEXT_KEY,
    NOBODY,
    UNSOUND,
    UTIL_GENAI,
    Producer,
    is_span_of,
    names_another_model,
    producer_of,
    together,
)
from spanglass.semconv import attributes as attr


class Subject(NamedTuple):
    """The span of one attempt.

    Attributes:
        span: The span; one that does not record where nothing is to be written.
        foreign: Somebody else opened it and will end it.
        producer: Who else records the call.
        context: Holds the span.
        attributes: What it was started with, or what was added to it then.
    """

    span: Span
    foreign: bool
    producer: Producer
    context: Context
    attributes: Attributes


class Subjects:
    """Chooses and opens the spans of attempts.

    Args:
        tracer: Opens those of ours.
        beside: Knows spans of a call that are not current; None where nothing can be known of them.
    """

    def __init__(self, tracer: Tracer, beside: Beside | None = None) -> None:
        self._tracer = tracer
        self._beside = beside
        # A span that somebody opened for a call takes one: a second call under it, at once or later, gets its own.
        self._claimed: WeakKeyDictionary[Span, object] = WeakKeyDictionary()
        # What carries calls that outlived a span, by trace and span id. Weak references would not do: the garbage
        # collector clears those to what it finds with an abandoned answer, before that is written down.
        self._left: Newest[tuple[int, int], Subject] = Newest()

    def of(self, request: Request, moment: Moment, attributes: Attributes) -> Subject:
        """Return the subject of an attempt that begins, its span opened or enriched.

        Args:
            request: What the application asked for.
            moment: When and in which context.
            attributes: What is known now.
        """
        subject = self._chosen(request, moment, attributes)
        if self._beside is not None:
            leave = partial(self._leave, subject, request, moment) if subject.foreign else None
            self._beside.began(subject.span, attributes, leave)
        return subject

    def _chosen(self, request: Request, moment: Moment, attributes: Attributes) -> Subject:
        current = get_current_span(moment.context)
        if current.is_recording():
            if self._is_of(request, current) and self._claim(current):
                return self._with_others(request, self._enriched(current, moment, attributes))
        elif _is_unsampled(current):
            # Not sampled, so a span of the call would not be either; who opened it can be told for one family only.
            producer = UTIL_GENAI if moment.context.get(CONTEXT_KEY) is not None else NOBODY
            return Subject(
                INVALID_SPAN, foreign=False, producer=producer, context=moment.context, attributes=attributes
            )
        return self._beside_another(request, moment, attributes, current) or self.own(request, moment, attributes)

    def _beside_another(
        self, request: Request, moment: Moment, attributes: Attributes, current: Span
    ) -> Subject | None:
        """Return the subject where a span that is not current was opened for the call: that one, or ours below it."""
        known = current.get_span_context()
        trace_id = known.trace_id if known.is_valid else None
        span = None if self._beside is None else self._beside.parent_for(trace_id)
        if self._beside is None or span is None:
            return None
        scope = _scope(span)
        unsound = scope in UNSOUND
        if self._is_of(request, span):
            again = unsound and attr.RESEND_COUNT in attributes  # the attempt before has it, and gives it up to nobody
            if _names_another(request, span) or not (self._claim(span) or again):
                return None
            if not unsound:
                self._beside.took(span, span)
                return self._enriched(span, moment, attributes)
        subject = self.own(request, moment._replace(context=set_span_in_context(span, moment.context)), attributes)
        self._beside.took(span, subject.span)
        return subject._replace(producer=producer_of(scope)) if unsound else subject

    def _with_others(self, request: Request, subject: Subject) -> Subject:
        """Add what others record of the call than the one whose span is current; their spans will be marked."""
        producer, span = subject.producer, subject.span
        if subject.context.get(CONTEXT_KEY) is not None:
            producer = together(producer, UTIL_GENAI)
        if self._beside is not None and isinstance(span, SDKSpan):
            other = self._beside.other_account(span)
            if other is not None and self._is_of(request, other) and not _names_another(request, other):
                self._beside.took(other, span)
                producer = together(producer, producer_of(_scope(other)))
        return subject._replace(producer=producer)

    def own(self, request: Request, moment: Moment, attributes: Attributes) -> Subject:
        """Open a span of ours, a child of the current one, begun at the moment given."""
        name = request.operation if request.model is None else f"{request.operation} {request.model}"
        span = self._tracer.start_span(name, moment.context, SpanKind.CLIENT, attributes, start_time=moment.wall_ns)
        context = set_span_in_context(span, moment.context)
        return Subject(span, foreign=False, producer=NOBODY, context=context, attributes=attributes)

    def at_end(self, subject: Subject, request: Request, moment: Moment) -> Subject:
        """Return the subject to write the outcome on.

        That is another one where somebody else's span ended before the answer did, as a `with` around a call whose
        stream is read later: then a span of ours below it, begun when the call began, takes what came after.
        """
        if not subject.foreign:
            return subject
        if self._beside is not None:
            self._beside.over(subject.span)
        if (left := self._left.pop(_key(subject.span), None)) is not None:
            return left
        if subject.span.is_recording():
            return subject
        return self._instead(subject, request, moment)

    def _leave(self, subject: Subject, request: Request, moment: Moment) -> Span:
        """Let a span of ours carry the call from now, because somebody else's ends before it."""
        left = self._instead(subject, request, moment)
        self._left.put(_key(subject.span), left)
        return left.span

    def _instead(self, subject: Subject, request: Request, moment: Moment) -> Subject:
        return self.own(request, moment, subject.attributes)._replace(producer=subject.producer)

    def release(self, subject: Subject) -> None:
        """Let somebody else's span take another attempt, because this one failed."""
        if subject.foreign:
            self._claimed.pop(subject.span, None)

    def _claim(self, span: Span) -> bool:
        token = object()
        return self._claimed.setdefault(span, token) is token

    @staticmethod
    def _is_of(request: Request, span: Span) -> bool:
        return isinstance(span, ReadableSpan) and is_span_of(request.operation, _attributes(span))

    @staticmethod
    def _enriched(span: Span, moment: Moment, attributes: Attributes) -> Subject:
        present, scope = _attributes(span), _scope(span)
        # What its producer said of the request stands; only which retry it is changes from attempt to attempt.
        added = {n: value for n, value in attributes.items() if n not in present or n == attr.RESEND_COUNT}
        if scope is not None:
            added[attr.PRODUCER] = scope
        span.set_attributes(added)
        return Subject(span, foreign=True, producer=producer_of(scope), context=moment.context, attributes=attributes)


def _key(span: Span) -> tuple[int, int]:
    known = span.get_span_context()
    return known.trace_id, known.span_id


def _attributes(span: Span) -> Mapping[str, object]:
    return (span.attributes or {}) if isinstance(span, ReadableSpan) else {}


def _names_another(request: Request, span: Span) -> bool:
    return names_another_model(request.model, _attributes(span))


def _scope(span: Span) -> str | None:
    known = span.instrumentation_scope if isinstance(span, ReadableSpan) else None
    return None if known is None else known.name


def _is_unsampled(span: Span) -> bool:
    known = span.get_span_context()
    return known.is_valid and not known.is_remote and not known.trace_flags.sampled
