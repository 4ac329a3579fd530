"""Which trace a retry belongs to when no span stands around the call: that of the attempt that failed before it.

What failed is remembered where it happened: in the context of the thread or task, which is where a client tries again.
Only the next attempt there joins, and only if its count is one more and everything asked for is the same, so that no
other call can be taken for the retry.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import NamedTuple

from opentelemetry.trace import NonRecordingSpan, SpanContext, get_current_span, set_span_in_context

from spanglass.call import Request
from spanglass.sdk.calls.moment import Moment


class Sent(NamedTuple):
    """What tells one attempt of a call from all others but its retries.

    Attributes:
        request: What the application asked for.
        host: Host that it went to.
        port: Port.
        resend: Which retry it is.
    """

    request: Request
    host: str
    port: int | None
    resend: int


class _Failed(NamedTuple):
    """An attempt that failed.

    Attributes:
        sent: The attempt.
        first: The span that its retries go under.
    """

    sent: Sent
    first: SpanContext


_failed: ContextVar[_Failed | None] = ContextVar("spanglass.calls.retries.failed", default=None)


def failed(sent: Sent, began: Moment, span: SpanContext) -> None:
    """Remember an attempt that failed, in the current context.

    Args:
        sent: The attempt.
        began: When, and in which context: of a retry, that of the first attempt.
        span: The attempt's span.
    """
    around = get_current_span(began.context).get_span_context()
    _failed.set(_Failed(sent, around if around.is_valid else span))


def joined(sent: Sent, began: Moment) -> Moment:
    """Return the moment of an attempt, in the context of the first one where it is a retry without a span around it.

    Args:
        sent: The attempt.
        began: When, and in which context.
    """
    before = _failed.get() if sent.resend else None
    if before is None or get_current_span(began.context).get_span_context().is_valid:
        return began
    _failed.set(None)
    if before.sent._replace(resend=before.sent.resend + 1) != sent:
        return began
    return began._replace(context=set_span_in_context(NonRecordingSpan(before.first), began.context))
