"""The recorder: begins an attempt for each HTTP request to a model, concludes it, and owns what attempts share."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from opentelemetry._logs import LoggerProvider
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import Status, StatusCode, TracerProvider

from spanglass.call import Cost, Request, Response, Usage
from spanglass.cost.price import price
from spanglass.cost.table import PriceTable
from spanglass.sdk import clock
from spanglass.sdk.calls import attributes, event
from spanglass.sdk.calls.agent_calls import AgentCalls
from spanglass.sdk.calls.attempt import FIRST_ERROR, Attempt
from spanglass.sdk.calls.beside import Beside
from spanglass.sdk.calls.by_hand import CallByHand
from spanglass.sdk.calls.collector import collector
from spanglass.sdk.calls.effort import effort
from spanglass.sdk.calls.headers import Headers, resend_count
from spanglass.sdk.calls.instruments import Instruments
from spanglass.sdk.calls.moment import Moment
from spanglass.sdk.calls.outcome import End, Outcome
from spanglass.sdk.calls.retries import Sent, joined
from spanglass.sdk.calls.subject import Subject, Subjects
from spanglass.sdk.calls.tallies import Tallies
from spanglass.sdk.calls.watch import watching
from spanglass.sdk.content import ContentMode
from spanglass.sdk.context import CallContext, current
from spanglass.sdk.error_message import error_message
from spanglass.sdk.guard import safely
from spanglass.sdk.labels import Labels
from spanglass.version import __version__
from spanglass.wire.estimate import estimate
from spanglass.wire.recognise import Recognised, recognise

SCOPE = "spanglass"
_guard = safely("calls.recorder")
_FIRST_REDIRECT = 300
_ADDRESSES = 256  # remembered; a model may be in the path, and a query


class Abandoned(Protocol):
    """What was let go of without its end."""

    def settle(self, ended_ns: int) -> None:
        """End it, at a time on the clock of durations."""


class Recorder:
    """Makes spans, metrics and events of calls to models; one per process, shared by every hook and every thread.

    Args:
        tracer_provider: Where spans go.
        meter_provider: Where metrics go.
        logger_provider: Where `gen_ai.client.inference.operation.details` goes; None records no events.
        content: Whether messages are recorded, and where.
        labels: The bounded labels of metrics.
        price_table_path: A price file that overrides the built-in table.
        hosts: Further hosts that speak a known protocol, host to provider.

    Attributes:
        stream_usage: Hooks ask for the usage of streams on behalf of applications that do not; off until it is set.

    Raises:
        PriceTableError: The price file cannot be read.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider,
        meter_provider: MeterProvider,
        *,
        logger_provider: LoggerProvider | None = None,
        content: ContentMode,
        labels: Labels,
        price_table_path: str | Path | None = None,
        hosts: Mapping[str, str] | None = None,
    ) -> None:
        self._beside = Beside.of(tracer_provider)
        self._subjects = Subjects(tracer_provider.get_tracer(SCOPE, __version__), self._beside)
        meter = meter_provider.get_meter(SCOPE, __version__)
        self._tallies = Tallies.of(meter_provider, meter)
        self._tallies.settle_with(self.settle)
        self._instruments = Instruments(meter, labels, self._tallies)
        self._logger = None if logger_provider is None else logger_provider.get_logger(SCOPE, __version__)
        self._wants_content = content.any
        self._on_spans, self._on_events = content.on_spans, content.on_events
        self._prices = PriceTable.load(price_table_path)
        self._hosts = tuple((hosts or {}).items())
        self._addresses: dict[tuple[str, str, int | None], Recognised] = {}
        self.stream_usage = False
        # Filled by destructors, which may run in the middle of anything: a deque takes an item without a lock.
        self._abandoned: deque[tuple[Abandoned, int]] = deque()

    @property
    def wants_content(self) -> bool:
        """Messages are recorded somewhere."""
        return self._wants_content

    def recognise(self, host: str, path: str, port: int | None) -> Recognised | None:
        """Say whether a POST request may be a call to a model, by its address alone.

        Args:
            host: Host that the request goes to.
            path: Path, with or without its query.
            port: Port, where the address names one.
        """
        address = (host, path, port)
        found = self._addresses.get(address)
        if found is None:
            found = recognise("POST", host if port is None else f"{host}:{port}", path, hosts=self._hosts)
            if found is not None and len(self._addresses) < _ADDRESSES:
                self._addresses[address] = found
        return found

    def begin(
        self,
        recognised: Recognised,
        host: str,
        *,
        port: int | None,
        headers: Headers,
        body: Callable[[], bytes | None],
        since: Moment | None = None,
        resend: int = 0,
    ) -> Attempt | None:
        """Begin an attempt, if the request is a call to a model and instrumentation is not suppressed.

        Args:
            recognised: What `recognise` said.
            host: Host that the request goes to.
            port: Port.
            headers: The request's headers.
            body: Gives the request's body, None where it cannot be read without taking it from the application.
            since: When it began, where that is not now.
            resend: Which retry it is, where the hook knows; the headers may say more.
        """
        watch = watching.get()
        # Beneath a watched transport the current span may be another tool's by now.
        began = since or Moment.now(None if watch is None else watch.moment.context)
        if began.context.get(_SUPPRESS_INSTRUMENTATION_KEY):
            return None
        cpu_ns = effort.begin()
        request = recognised.request(body() or b"", content=self._wants_content)
        if request is None:
            return None
        if self._abandoned:
            self.settle()
        sent = Sent(request, host, port, max(resend, resend_count(headers)))
        began = joined(sent, began)
        of = current(began.context)
        known = attributes.of_request(request, host, port, sent.resend)
        known.update(attributes.of_context(of))
        if self._on_spans:
            known.update(attributes.of_request_content(request))
        subject = self._subjects.of(request, began, known)
        CallByHand.noticed(request, began.context)
        if not sent.resend:
            AgentCalls.count(began.context)
        self._tallies.began()
        if watch is not None:
            watch.seen = True
        attempt = Attempt(self, recognised, sent, began=began, of=of, subject=subject)
        if cpu_ns:
            effort.end(cpu_ns)
        return attempt

    def abandon(self, attempt: Abandoned) -> None:
        """Note that an attempt, or a run, was abandoned; safe in a destructor."""
        self._abandoned.append((attempt, clock.monotonic_ns()))

    def settle(self) -> None:
        """End what the application abandoned; called before a flush, so that nothing waits for the next call."""
        while self._abandoned and not collector.runs_here():
            try:
                attempt, at_ns = self._abandoned.popleft()
            except IndexError:
                return  # another thread took the last one
            attempt.settle(at_ns)

    def conclude(self, attempt: Attempt, end: End | None, ended_ns: int) -> None:
        """Write down how an attempt came out, and end its span where it is ours.

        Args:
            attempt: The attempt; it is concluded once.
            end: Why it ended, None where its bytes ended by themselves.
            ended_ns: When, on the clock of durations.
        """
        self._tallies.ended()
        duration_ns = ended_ns - attempt.began.monotonic_ns
        at_ns = attempt.began.wall_ns + duration_ns
        subject = self._subjects.at_end(attempt.subject, attempt.request, attempt.began)
        try:
            outcome = self._outcome(attempt, end, duration_ns)
            if outcome.error_type is not None:
                self._subjects.release(subject)
            with _guard:
                self._write(subject, attempt.request, outcome)
        finally:
            if not subject.foreign:
                subject.span.end(at_ns)
        self._tell(subject, attempt.request, outcome, at_ns=at_ns, resend=attempt.resend, of=attempt.of)

    def open(self, request: Request, began: Moment) -> CallByHand | None:
        """Begin a call that the application tells of itself, unless instrumentation is suppressed.

        Args:
            request: What it says it asks for.
            began: When and in which context.
        """
        if began.context.get(_SUPPRESS_INSTRUMENTATION_KEY):
            return None
        of = current(began.context)
        known = attributes.of_request(request, None, None, 0)
        known.update(attributes.of_context(of))
        if self._on_spans:
            known.update(attributes.of_request_content(request))
        return CallByHand(request, began, of, self._subjects.of(request, began, known))

    def close(self, call: CallByHand, response: Response, end: End | None, ended_ns: int) -> None:
        """Write down how a call came out that the application told of; what a hook saw of it stands.

        Args:
            call: The call; it is closed once.
            response: What the application says was answered, an error too.
            end: Why it ended early.
            ended_ns: When, on the clock of durations.
        """
        duration_ns = ended_ns - call.began.monotonic_ns
        at_ns = call.began.wall_ns + duration_ns
        usage, cost = None, None
        if call.seen:
            response = Response(error_type=response.error_type, error_message=response.error_message)
        elif response.error_type is None or response.usage is not None or response.output_length:
            usage, cost = self._priced(call.request, response, call.began.wall_ns)
        outcome = Outcome(
            response,
            duration_ns,
            usage=usage,
            cost=cost,
            end=None if call.seen else end,
            error_type=response.error_type,
            error_message=response.error_message,
        )
        subject = self._subjects.at_end(call.subject, call.request, call.began)
        try:
            with _guard:
                self._write(subject, call.request, outcome)
        finally:
            if not subject.foreign:
                subject.span.end(at_ns)
        if not call.seen:
            AgentCalls.count(call.began.context)
            self._tell(subject, call.request, outcome, at_ns=at_ns, resend=0, of=call.of)

    def _tell(
        self, subject: Subject, request: Request, outcome: Outcome, *, at_ns: int, resend: int, of: CallContext
    ) -> None:
        if self._on_events:
            with _guard:
                self._emit(subject, request, outcome, at_ns)
        elsewhere = subject.producer.metrics
        self._instruments.record(request, outcome, resend=resend, of=of, elsewhere=elsewhere, context=subject.context)

    def _write(self, subject: Subject, request: Request, outcome: Outcome) -> None:
        span = subject.span
        if not span.is_recording():
            return
        if self._beside is not None and outcome.response.id is not None:
            self._beside.recorded(span, outcome.response.id)
        result = attributes.of_outcome(request, outcome)
        if self._on_spans:
            result.update(attributes.of_response_content(outcome.response))
        if subject.foreign:
            # Its producer says whether the call failed: an attempt that failed may be made again under the same span.
            span.set_attributes(result)
            if self._beside is not None:
                self._beside.keep(span, result)
            return
        if outcome.error_type is not None:
            result.update(attributes.of_error(outcome))
            span.set_status(Status(StatusCode.ERROR, outcome.error_message))
        span.set_attributes(result)

    def _emit(self, subject: Subject, request: Request, outcome: Outcome, at_ns: int) -> None:
        if self._logger is None or subject.producer.event:
            return
        event.emit(
            self._logger,
            {
                **subject.attributes,
                **attributes.of_request_content(request),
                **attributes.of_outcome(request, outcome),
                **attributes.of_error(outcome),
                **attributes.of_response_content(outcome.response),
            },
            at_ns=at_ns,
            context=subject.context,
        )

    def _outcome(self, attempt: Attempt, end: End | None, duration_ns: int) -> Outcome:
        status, meter, error = attempt.status, attempt.meter, attempt.error
        response = attempt.response()
        error_type, message = response.error_type, response.error_message
        if meter is not None and (meter.complete or meter.unreadable is not None):
            end = None
        elif status is None:
            # No answer, so none that could be whole; cancelled then, the application got nothing of its call.
            end = End.CANCELLED if end is End.CANCELLED else None
            error_type, message = (None, None) if error is None else (type(error).__qualname__, error_message(error))
        elif status >= _FIRST_REDIRECT:
            end = None  # what is left unread of a refusal is no cut answer; clients that try again leave it all
        else:
            end = end or End.ERROR
            if isinstance(error, Exception) and error_type is None:
                error_type, message = type(error).__qualname__, error_message(error)
        if error_type is None and status is not None and status >= FIRST_ERROR:
            error_type = str(status)
        usage, cost = self._used(attempt, response)
        return Outcome(
            response=response,
            duration_ns=duration_ns,
            status=status,
            usage=usage,
            cost=cost,
            end=end,
            error_type=error_type,
            error_message=message,
            retry_after_s=attempt.retry_after_s,
        )

    def _used(self, attempt: Attempt, response: Response) -> tuple[Usage | None, Cost | None]:
        if attempt.status is None or attempt.meter is None or attempt.status >= _FIRST_REDIRECT:
            return response.usage, None  # refused, failed or redirected: nothing to pay for
        guess = attempt.meter.unreadable is None
        return self._priced(attempt.request, response, attempt.began.wall_ns, guess=guess)

    def _priced(
        self, request: Request, response: Response, at_ns: int, *, guess: bool = True
    ) -> tuple[Usage | None, Cost]:
        usage = estimate(request, response) if guess else response.usage
        cost = price(
            usage,
            provider=request.provider,
            models=(response.model, request.model),
            at_ns=at_ns,
            service_tier=response.service_tier or request.service_tier,
            reported=response.reported_cost,
            table=self._prices,
        )
        return usage, cost
