"""How one attempt came out: a value that spans, metrics and events are made from."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from spanglass.call import Cost, Response, Usage


class End(StrEnum):
    """Why an answer ended before its terminal event."""

    CANCELLED = "cancelled"
    """The application closed it, or the task that read it was cancelled."""
    ABANDONED = "abandoned"
    """The application let go of it without closing it."""
    ERROR = "error"
    """The connection or the provider failed."""


class Outcome(NamedTuple):
    """How one attempt came out.

    Attributes:
        response: What the provider answered, as far as its bytes went.
        duration_ns: Request to end of the answer.
        status: HTTP status; None where no answer came.
        usage: What is known or estimated of its use; None where there was nothing to use.
        cost: What it cost; None where there was nothing to pay for.
        end: Why it ended early; None where it did not.
        error_type: The provider's error, else the exception's class or the status; None without an error.
        error_message: The provider's or the exception's message.
        retry_after_s: Seconds the provider asked to wait.
    """

    response: Response
    duration_ns: int
    status: int | None = None
    usage: Usage | None = None
    cost: Cost | None = None
    end: End | None = None
    error_type: str | None = None
    error_message: str | None = None
    retry_after_s: float | None = None

    @property
    def redirected(self) -> bool:
        """The answer only said where to ask; the call is made again there."""
        return self.status is not None and 300 <= self.status < 400
