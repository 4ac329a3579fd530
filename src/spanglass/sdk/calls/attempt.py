"""One HTTP attempt of a call to a model, from its request to the end of its answer; ends once, however it ends."""

from __future__ import annotations

from threading import Lock
from typing import Protocol

from spanglass.call import Request, Response
from spanglass.sdk import clock
from spanglass.sdk.calls.collector import collector
from spanglass.sdk.calls.effort import effort
from spanglass.sdk.calls.headers import Headers, retry_after_s
from spanglass.sdk.calls.moment import Moment
from spanglass.sdk.calls.outcome import End
from spanglass.sdk.calls.retries import Sent, failed
from spanglass.sdk.calls.subject import Subject
from spanglass.sdk.context import CallContext
from spanglass.sdk.guard import safely
from spanglass.wire.meter import Meter
from spanglass.wire.recognise import Recognised

_guard = safely("calls.attempt")
FIRST_ERROR = 400
_WAITING_PIECES = 64
_WAITING_BYTES = 8192


class Keeper(Protocol):
    """Who takes what an attempt became: the recorder."""

    @property
    def wants_content(self) -> bool:
        """Messages are recorded somewhere."""

    def abandon(self, attempt: Attempt) -> None:
        """Note that an attempt was abandoned; safe in a destructor."""

    def conclude(self, attempt: Attempt, end: End | None, ended_ns: int) -> None:
        """Write down how an attempt came out; called once."""


class Attempt:
    """What a hook tells of one attempt; nothing here raises, blocks or changes the bytes.

    A hook calls `answered` once an answer's head is there, `feed` with each piece of its body as it came over the
    wire, and one or more of `ended`, `closed`, `broke` and `abandoned`, of which the first counts.

    Attributes:
        recognised: How to read the call.
        request: What the application asked for.
        began: When and in which context.
        resend: Which retry it is.
        of: For whom and what the call is made.
        subject: The span it is written on.
        status: HTTP status; None until an answer is there.
        retry_after_s: Seconds the provider asked to wait.
        meter: Reads the answer; None until one is there.
        error: What broke it.
    """

    __slots__ = (
        "_ending",
        "_keeper",
        "_sent",
        "_waiting",
        "began",
        "error",
        "meter",
        "of",
        "recognised",
        "request",
        "resend",
        "retry_after_s",
        "status",
        "subject",
    )

    def __init__(
        self,
        keeper: Keeper,
        recognised: Recognised,
        sent: Sent,
        *,
        began: Moment,
        of: CallContext,
        subject: Subject,
    ) -> None:
        self._keeper = keeper
        self._ending = Lock()  # taken once and never given back: whoever takes it ends the attempt
        self._waiting: list[tuple[bytes, int]] = []
        self._sent = sent
        self.recognised = recognised
        self.request: Request = sent.request
        self.began = began
        self.resend: int = sent.resend
        self.of = of
        self.subject = subject
        self.status: int | None = None
        self.retry_after_s: float | None = None
        self.meter: Meter | None = None
        self.error: BaseException | None = None

    @_guard
    def answered(self, status: int, headers: Headers, *, decoded: bool = False) -> None:
        """Take the head of the answer.

        Args:
            status: HTTP status.
            headers: The answer's headers.
            decoded: The body will be fed without its content encoding.
        """
        self.status = status
        if status >= FIRST_ERROR:
            self.retry_after_s = retry_after_s(headers, clock.wall_ns())
            self._failed()
        self.meter = Meter(
            self.recognised,
            started_ns=self.began.monotonic_ns,
            status=status,
            content_type=headers.get("content-type"),
            content_encoding=None if decoded else headers.get("content-encoding"),
            content=self._keeper.wants_content,
        )

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body, and when they came; they are read later, many at once.

        Nothing here can fail, so it needs no guard. Measured on CPython 3.11: 0.25 us beside 1.3 us for the reading,
        which in one go also disturbs the application's own work less.
        """
        waiting = self._waiting
        waiting.append((data, clock.monotonic_ns()))
        if len(waiting) >= _WAITING_PIECES or len(data) >= _WAITING_BYTES:
            cpu_ns = effort.begin()
            self._read()
            if cpu_ns:
                effort.end(cpu_ns)

    @_guard
    def _read(self) -> None:
        waiting, self._waiting = self._waiting, []
        if self.meter is not None:
            feed = self.meter.feed
            for data, now_ns in waiting:
                feed(data, now_ns)

    def ended(self) -> None:
        """The answer's bytes have ended by themselves."""
        self._end(None)

    def closed(self) -> None:
        """The application closed the answer."""
        if not self._ending.locked():
            self._end(End.CANCELLED)

    def broke(self, error: BaseException) -> None:
        """Sending, waiting or reading raised; cancellation of the task is no failure of the call."""
        if not self._ending.locked():
            self.error = error
            if self.status is None:
                self._failed()
        self._end(End.ERROR if isinstance(error, Exception) else End.CANCELLED)

    @_guard
    def _failed(self) -> None:
        failed(self._sent, self.began, self.subject.span.get_span_context())

    def abandoned(self) -> None:
        """The answer was let go of unclosed. That may happen inside the garbage collector, so it is only noted."""
        if not self._ending.locked():
            self._keeper.abandon(self)

    @_guard
    def settle(self, ended_ns: int) -> None:
        """End an abandoned attempt.

        Args:
            ended_ns: When it was abandoned, on the clock of durations.
        """
        self._end(End.ABANDONED, ended_ns)

    @_guard
    def _end(self, end: End | None, ended_ns: int | None = None) -> None:
        if collector.runs_here():
            self.abandoned()
        elif self._ending.acquire(blocking=False):
            cpu_ns = effort.begin()
            self._read()
            self._keeper.conclude(self, end, clock.monotonic_ns() if ended_ns is None else ended_ns)
            if cpu_ns:
                effort.end(cpu_ns)

    def response(self) -> Response:
        """Return what the provider answered so far."""
        return Response() if self.meter is None else self.meter.response()
