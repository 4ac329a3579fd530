"""A call that the application tells of itself, as no hook sees it; and how a hook that sees one inside says so."""

from __future__ import annotations

from opentelemetry.context import Context, create_key, set_value

from spanglass.call import Request
from spanglass.sdk.calls.moment import Moment
from spanglass.sdk.calls.subject import Subject
from spanglass.sdk.context import CallContext

_KEY = create_key("spanglass.call")
_EMBEDDINGS = "embeddings"


class CallByHand:
    """One call in hand.

    Args:
        request: What the application says it asked for.
        began: When and in which context.
        of: For whom and what the call is made.
        subject: The span it is written on.

    Attributes:
        seen: A hook saw a request for the same operation inside: usage, cost and metrics are that one's.
    """

    __slots__ = ("began", "of", "request", "seen", "subject")

    def __init__(self, request: Request, began: Moment, of: CallContext, subject: Subject) -> None:
        self.request = request
        self.began = began
        self.of = of
        self.subject = subject
        self.seen = False

    def context(self) -> Context:
        """Return the context to make the call in."""
        return set_value(_KEY, self, self.subject.context)

    @staticmethod
    def noticed(request: Request, context: Context) -> None:
        """Tell the call in hand, if there is one, that a hook sees its request."""
        call = context.get(_KEY)
        if isinstance(call, CallByHand):
            call.seen |= (call.request.operation == _EMBEDDINGS) == (request.operation == _EMBEDDINGS)
