"""One run of a piece of work, such as a tool call: its span, when it is current, and how it came out."""

from __future__ import annotations

from typing import ClassVar

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, Context
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, Status, StatusCode, get_current_span, set_span_in_context

from spanglass.sdk import active, clock
from spanglass.sdk.attachment import Attachment
from spanglass.sdk.calls.attributes import Attributes
from spanglass.sdk.calls.collector import collector
from spanglass.sdk.calls.moment import Moment
from spanglass.sdk.error_message import error_message
from spanglass.sdk.guard import safely
from spanglass.sdk.structure.family import Family, Member
from spanglass.sdk.structure.ledger import Ledger, ledger_of
from spanglass.sdk.structure.place import Place
from spanglass.semconv import attributes as attr

_guard = safely("structure")
_NS = 1e-9


class Run:
    """One run: started, current while its own code runs, and ended once. Its methods never raise.

    Where spanglass is off, it does nothing. Where its span was folded into one with others, `span` records nothing and
    the span around stays current, so that calls to models inside are still children of something.

    Args:
        name: What is run, as the application calls it.

    Attributes:
        name: The same.
        span: Its OpenTelemetry span, for attributes and events of the application's own.
        steps: Steps inside, once it has ended.
    """

    operation: ClassVar[str] = "run"
    kind: ClassVar[SpanKind] = SpanKind.INTERNAL

    def __init__(self, name: str | None) -> None:
        self.name = name
        self.span: Span = INVALID_SPAN
        self.steps = 0
        self._content = False
        self._ledger: Ledger | None = None
        self._place: Place | None = None
        self._context = Context()
        self._attachment: Attachment | None = None
        self._folded: tuple[Family, Member] | None = None
        self._error: BaseException | None = None

    @property
    def wants_content(self) -> bool:
        """Arguments and results are to be put on the span."""
        return self._content and self.span.is_recording()

    @property
    def is_open(self) -> bool:
        """It has begun and not ended; it never begins where spanglass is off."""
        return self._ledger is not None

    @_guard
    def start(self, began: Moment | None = None) -> None:
        """Begin; the span is open from now, and not yet current.

        Args:
            began: When and in which context, where that is not now.
        """
        on = active.current()
        if on is None:
            return
        began = Moment.now() if began is None else began
        context = began.context
        if context.get(_SUPPRESS_INSTRUMENTATION_KEY):
            return
        ledger = ledger_of(on)
        place = self._place = Place(self.operation, self.name, Place.of(context))
        member = Member(self._span_name(place), self.kind, self._attributes(place))
        family = place.birth(ledger, context)
        if family is None or family.admits(self.operation, on.span_storm):
            self.span = ledger.tracer.start_span(
                member.name, context, member.kind, member.attributes, start_time=began.wall_ns
            )
            context = set_span_in_context(self.span, context)
        else:
            self._folded, place.family = (family, member), family
        place.current = get_current_span(context)
        self._began = began
        self._content = ledger.content
        self._context = self._within(place.within(context))
        self._ledger = ledger

    @_guard
    def resume(self) -> None:
        """Make it current, until `pause`."""
        if self._ledger is not None:
            self._attachment = Attachment(self._context)

    @_guard
    def pause(self, *, abandoned: bool = False) -> None:
        """Put back what was current before; see `Attachment.undo`."""
        attachment, self._attachment = self._attachment, None
        if attachment is not None:
            attachment.undo(abandoned=abandoned)

    @_guard
    def end(self, error: BaseException | None = None) -> None:
        """End it, with what was raised out of it; cancellation is no error. Only the first time counts."""
        self.pause(abandoned=isinstance(error, GeneratorExit))
        ledger = self._ledger
        if ledger is None:
            return
        self._error = error
        if collector.runs_here():
            ledger.on.recorder.abandon(self)
        else:
            self.settle(clock.monotonic_ns())

    @_guard
    def settle(self, ended_ns: int) -> None:
        """Write down how it came out.

        Args:
            ended_ns: When it ended, on the clock of durations.
        """
        ledger, self._ledger = self._ledger, None
        place, error, self._error = self._place, self._error, None
        if ledger is None or place is None:
            return
        duration_ns = ended_ns - self._began.monotonic_ns
        at_ns = self._began.wall_ns + duration_ns
        failed = isinstance(error, Exception) and not self._expected(error)
        self.steps = place.steps()
        if self._folded is not None:
            family, member = self._folded
            family.fold(self.operation, member, began_ns=self._began.wall_ns, ended_ns=at_ns, failed=failed)
        else:
            try:
                self._write(place, error, failed=failed)
                if place.family is not None:
                    place.family.close(ledger.tracer, self._context)
            finally:
                self.span.end(at_ns)
        error_type = type(error).__qualname__ if failed else None
        self._measure(ledger, duration_ns * _NS, error_type, self._context)

    def called(self, arguments: dict[str, object]) -> None:
        """Take what the decorated function was called with; asked only where content is wanted."""

    def returned(self, value: object) -> None:
        """Take what the decorated function returned."""

    def _span_name(self, place: Place) -> str:  # noqa: ARG002 - for those who are named after what is around
        return self.operation if self.name is None else f"{self.operation} {self.name}"

    def _attributes(self, place: Place) -> Attributes:  # noqa: ARG002 - likewise
        """Return what the span starts with, for samplers."""
        return {attr.OPERATION: self.operation}

    def _within(self, context: Context) -> Context:
        """Return the context to run in."""
        return context

    def _results(self) -> Attributes:
        """Return what is known at the end, errors aside."""
        return {}

    def _expected(self, error: Exception) -> bool:  # noqa: ARG002 - for those who know such errors
        """Say whether an exception is an outcome and no failure."""
        return False

    def _measure(self, ledger: Ledger, seconds: float, error_type: str | None, context: Context) -> None:
        """Record its metrics."""

    def _write(self, place: Place, error: BaseException | None, *, failed: bool) -> None:
        if not self.span.is_recording():
            return
        results = self._results()
        if self.steps:
            results[attr.STEP_COUNT] = self.steps
        if waited_ns := place.waited_ns():
            results[attr.WAITED] = waited_ns * _NS
        if error is not None and failed:
            results[attr.ERROR_TYPE] = type(error).__qualname__
            message = error_message(error)
            if message:
                results[attr.ERROR_MESSAGE] = message
            self.span.set_status(Status(StatusCode.ERROR, message))
        elif error is not None and not isinstance(error, Exception):
            results[attr.CANCELLED] = True
        if results:
            self.span.set_attributes(results)
