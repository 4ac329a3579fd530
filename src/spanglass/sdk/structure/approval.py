"""Waiting for a person: a span of its own, told apart from work, also where the decision comes in another process."""

from __future__ import annotations

from typing import overload

from opentelemetry import trace
from opentelemetry.context import Context

from spanglass.sdk import clock
from spanglass.sdk.calls.attributes import Attributes
from spanglass.sdk.calls.moment import Moment
from spanglass.sdk.guard import logger, safely
from spanglass.sdk.structure.ledger import Ledger
from spanglass.sdk.structure.place import Place
from spanglass.sdk.structure.run import Run
from spanglass.sdk.structure.ticket import Ticket
from spanglass.sdk.structure.unit import Decorated, Unit, unit
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics

_guard = safely("structure.approval")
_REASON = "approval"
_EXPIRED = "expired"
OUTCOMES = ("approved", "denied", _EXPIRED)
"""Words for how a wait comes out; the application may say others."""
_BY_ANSWER: dict[object, str] = {True: "approved", False: "denied", **{word: word for word in OUTCOMES}}


class ApprovalRun(Run):
    """One wait for a person.

    Args:
        name: What is to be decided.
        reason: What kind of wait it is; a metric label.
    """

    operation = "wait"

    def __init__(self, name: str | None, reason: str) -> None:
        super().__init__(name)
        self._reason = reason
        self._outcome: str | None = None
        self._by: str | None = None

    @_guard
    def decided(self, outcome: str, *, by: str | None = None) -> None:
        """Say how it came out.

        Args:
            outcome: approved, denied, expired or a word of yours, of few: a metric label.
            by: Who decided, as you name them.
        """
        self._outcome = str(outcome)
        self._by = None if by is None else str(by)

    def returned(self, value: object) -> None:
        """Take what a decorated function returned as the outcome, where it is one; other texts may be content."""
        if isinstance(value, bool | str) and value in _BY_ANSWER and self._outcome is None:
            self._outcome = _BY_ANSWER[value]

    def settle(self, ended_ns: int) -> None:
        """Write down how it came out, and that everything around waited meanwhile."""
        if isinstance(self._error, TimeoutError) and self._outcome is None:
            self._outcome = _EXPIRED
        if self._place is not None and self._ledger is not None:
            self._place.wait(self._began.monotonic_ns, ended_ns)
        super().settle(ended_ns)

    def _span_name(self, place: Place) -> str:  # noqa: ARG002 - the interface's
        return " ".join(filter(None, (self.operation, self._reason, self.name)))

    def _attributes(self, place: Place) -> Attributes:  # noqa: ARG002 - the interface's
        attributes: Attributes = {attr.WAIT_REASON: self._reason}
        if self.name is not None:
            attributes[attr.WAIT_NAME] = self.name
        return attributes

    def _results(self) -> Attributes:
        results: Attributes = {}
        if self._outcome is not None:
            results[attr.WAIT_OUTCOME] = self._outcome
        if self._by is not None:
            results[attr.WAIT_DECIDED_BY] = self._by
        return results

    def _expected(self, error: Exception) -> bool:
        return isinstance(error, TimeoutError)

    def _measure(self, ledger: Ledger, seconds: float, error_type: str | None, context: Context) -> None:  # noqa: ARG002 - the interface's
        ledger.record(
            metrics.WAIT, seconds, {attr.WAIT_REASON: self._reason, attr.WAIT_OUTCOME: self._outcome}, context
        )


class Approval:
    """`spanglass.approval`: a decorator, a context manager, and `requested` with `decided` for waits that last."""

    @overload
    def __call__(self, name: Decorated, /) -> Decorated: ...
    @overload
    def __call__(self, name: str | None = None, *, reason: str = _REASON) -> Unit[ApprovalRun]: ...
    def __call__(self, name: Decorated | str | None = None, *, reason: str = _REASON) -> Decorated | Unit[ApprovalRun]:
        """Record that a person is waited for; a decorator, and a context manager.

        Its span is `wait {reason} {name}`, its metric `spanglass.wait.duration`; agents, workflows, tools and steps
        around it say in `spanglass.agent.waited` how much of their duration it was. `TimeoutError` is the outcome
        expired, and no failure. A decorated function's answer is the outcome where it is True, False, approved, denied
        or expired.

        Args:
            name: What is to be decided; the function's name by default.
            reason: What kind of wait it is, in few different words: a metric label.
        """
        return unit(name, lambda called, _: ApprovalRun(called, str(reason)))

    def requested(self, name: str, *, reason: str = _REASON) -> str:
        """Begin a wait that may outlive this process: keep what is returned, and give it to `decided`.

        Nothing is recorded yet. It holds the trace, the time, name and reason, and the context of the work (user,
        session, feature, prompt) as `inject` writes it: ASCII, URL-safe, some 300 characters. Keep it as you keep ids.

        Args:
            name: What is to be decided.
            reason: What kind of wait it is, in few different words: a metric label.
        """
        return _issued(name, reason) or ""

    @_guard
    def decided(self, token: str, outcome: str, *, by: str | None = None) -> None:
        """End a wait that `requested` began, here or elsewhere.

        The span is part of the request's trace and began when the request was made; it is linked to the current span,
        where the decision came in, and that one to the request.

        Args:
            token: What `requested` returned.
            outcome: approved, denied, expired or a word of yours, of few: a metric label.
            by: Who decided, as you name them.
        """
        ticket = Ticket.read(token)
        if ticket is None:
            logger.warning("spanglass.approval.decided was given a token that is none; the wait is not recorded.")
            return
        now = Moment.now()
        began_ns = min(ticket.began_ns, now.wall_ns)
        context = ticket.context()
        run = ApprovalRun(ticket.name, ticket.reason)
        run.start(Moment(began_ns, now.monotonic_ns - (now.wall_ns - began_ns), context))
        deciding = trace.get_current_span()
        request = trace.get_current_span(context).get_span_context()
        if deciding.get_span_context().is_valid:
            run.span.add_link(deciding.get_span_context())
            deciding.add_link(request)
        run.decided(outcome, by=by)
        run.settle(now.monotonic_ns)


@_guard
def _issued(name: str, reason: str) -> str:
    return Ticket.issued(str(name), str(reason), clock.wall_ns()).write()


approval = Approval()
