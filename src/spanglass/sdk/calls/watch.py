"""A watch over a request that goes through something unknown: whether a hook further down has recorded it."""

from __future__ import annotations

from contextvars import ContextVar

from spanglass.sdk.calls.moment import Moment


class Watch:
    """What a client began through a transport that is not hooked itself.

    Attributes:
        moment: When, and in which context.
        seen: A hook further down, of whichever library, has recorded it.
    """

    __slots__ = ("moment", "seen")

    def __init__(self) -> None:
        self.moment = Moment.now()
        self.seen = False


watching: ContextVar[Watch | None] = ContextVar("spanglass.calls.watch", default=None)
"""The watch over the request in hand."""
