"""Calls of exports before, for a while: an account of one that arrives later is marked, and not billed again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple

from spanglass.server.normalise.accounts import is_same, knows, marked
from spanglass.server.record import Call, Status, StoredSpan

_MOST: Final = 12_288
"""Entries: some 4,096 calls, for each has up to three; about 1 kB a call."""
_BELOW: Final = "<"
"""Before the id of a span, in the entry of a call that it is the parent of."""


class _Known(NamedTuple):
    """What is remembered of a call that stands."""

    span_id: str
    start_ns: int
    end_ns: int
    call: Call
    knows: int


class RecentCalls:
    """The last calls that stand. For one thread.

    A gateway and its client, or a framework and the client inside it, send what they know of a call in exports of their
    own. Whichever came first stays a call, for its row is written; the other is marked, unless it alone knows the
    usage. Calls are compared with those of the same response id at the same time, and with those right above and right
    below. Neither other servers nor a restart are spanned.
    """

    def __init__(self, most: int = _MOST) -> None:
        """Begin with none.

        Args:
            most: Entries that are kept, up to three a call; the oldest go.
        """
        self._most = most
        self._entries: OrderedDict[tuple[str, str], _Known] = OrderedDict()

    def compare(self, spans: Sequence[StoredSpan]) -> Sequence[StoredSpan]:
        """Return the spans of an export, settled among themselves already, with accounts of earlier calls marked."""
        return [one if one.facts.call is None else self._compared(one, one.facts.call) for one in spans]

    def _compared(self, one: StoredSpan, call: Call) -> StoredSpan:
        span = one.span
        mine = _Known(span.span_id, span.start_ns, span.end_ns, call, knows(one))
        failed = span.status is Status.ERROR and not mine.knows  # an attempt, and no account of another
        same = (call.response_id, True), (span.parent_span_id, False), (_BELOW + span.span_id, False)
        for place, by_response in () if failed else same:
            other = self._entries.get((span.trace_id, place)) if place is not None else None
            if other is None or other.span_id == mine.span_id or other.knows < mine.knows:
                continue
            if _overlap(mine, other) and (by_response or is_same(other.call, call)):
                return marked(one, other.span_id)
        below = None if span.parent_span_id is None else _BELOW + span.parent_span_id
        for place in (call.response_id, span.span_id, below):
            if place is not None:
                self._entries[span.trace_id, place] = mine
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)
        return one


def _overlap(one: _Known, other: _Known) -> bool:
    return max(one.start_ns, other.start_ns) <= min(one.end_ns, other.end_ns)
