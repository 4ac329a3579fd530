"""Calls of exports before, for a while: an account of one that arrives later is marked, and not billed again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

from spanglass.server.normalise.accounts import is_same, is_same_response, knows, marked
from spanglass.server.record import Call, Status, StoredSpan

_ENTRIES: Final = 3
"""Of one call: its response, itself as a parent, and its parent's child."""
MOST: Final = 4096
"""Calls, at some 1 kB each."""
_LONGEST: Final = 1000
"""Characters of a call's id and models; one that has more is forged, and not remembered."""
_BELOW: Final = "<"
"""Before the id of a span, in the entry of a call that it is the parent of."""
_Place: TypeAlias = "str | tuple[str, str]"
"""A response id, or a trace with a span."""


class Known(NamedTuple):
    """What is remembered of a call that stands.

    Attributes:
        trace_id: Its trace.
        span_id: Its span.
        parent_span_id: The span right above.
        start_ns: Its start.
        end_ns: Its end.
        call: What it said, as far as calls are compared by it.
        knows: How well it knows the usage, see `knows`.
    """

    trace_id: str
    span_id: str
    parent_span_id: str | None
    start_ns: int
    end_ns: int
    call: Call
    knows: int


class RecentCalls:
    """The last calls that stand. For one thread.

    A gateway and its client, or a framework and the client inside it, send what they know of a call in exports of their
    own. Whichever came first stays a call, for its row is written; the other is marked, unless it alone knows the
    usage. Calls are compared with those of the same response id at the same time, and with those right above and right
    below. A provider gives a response id once, so that it tells of one response in another trace, too; since some local
    servers number responses from a small range, models and counts must not contradict it there.

    What `compare` saw is remembered by `keep`, once it is written, or let go of by `forget`.
    """

    def __init__(self, most: int = MOST * _ENTRIES) -> None:
        """Begin with none.

        Args:
            most: Entries that are kept, up to three a call; the oldest go.
        """
        self._most = most
        self._entries: OrderedDict[_Place, Known] = OrderedDict()
        self._new: dict[_Place, Known] = {}

    def compare(self, spans: Sequence[StoredSpan]) -> Sequence[StoredSpan]:
        """Return the spans of an export, settled among themselves already, with accounts of earlier calls marked."""
        return [one if one.facts.call is None else self._compared(one, one.facts.call) for one in spans]

    def keep(self) -> None:
        """Remember what was compared: it is written."""
        self._entries.update(self._new)
        self._new.clear()
        for _ in range(len(self._entries) - self._most):
            self._entries.popitem(last=False)

    def forget(self) -> None:
        """Let go of what was compared: it could not be written, and may come again in any order."""
        self._new.clear()

    def recall(self, calls: Iterable[Known]) -> None:
        """Remember calls that were written before this server started, the oldest first."""
        for one in calls:
            self._remember(one)
        self.keep()

    def _compared(self, one: StoredSpan, call: Call) -> StoredSpan:
        span = one.span
        told = Call(call.operation, None, call.request_model, call.response_model, call.response_id, call.usage)
        mine = Known(span.trace_id, span.span_id, span.parent_span_id, span.start_ns, span.end_ns, told, knows(told))
        failed = span.status is Status.ERROR and not mine.knows  # an attempt, and no account of another
        other = None if failed else self._account_of(mine)
        if other is not None:
            return marked(one, other.span_id)
        self._remember(mine)
        return one

    def _account_of(self, mine: Known) -> Known | None:
        """Return the call that stands already and that this is an account of."""
        trace_id, call = mine.trace_id, mine.call
        other = None if call.response_id is None else self._find(call.response_id, mine)
        if other is not None and (other.trace_id == trace_id or is_same_response(other.call, call)):
            return other
        if mine.parent_span_id is not None:
            other = self._find((trace_id, mine.parent_span_id), mine)
            if other is not None and is_same(other.call, call):
                return other
        other = self._find((trace_id, _BELOW + mine.span_id), mine)
        return other if other is not None and is_same(other.call, call) else None

    def _find(self, place: _Place, mine: Known) -> Known | None:
        """Return the call of a place if it was at the same time and knows as much."""
        other = self._new.get(place) or self._entries.get(place)
        if other is None or other.span_id == mine.span_id or other.knows < mine.knows:
            return None
        return other if max(mine.start_ns, other.start_ns) <= min(mine.end_ns, other.end_ns) else None

    def _remember(self, one: Known) -> None:
        trace_id, call, new = one.trace_id, one.call, self._new
        if len(call.response_id or "") + len(call.request_model or "") + len(call.response_model or "") > _LONGEST:
            return
        if call.response_id is not None:
            new[call.response_id] = one
        new[trace_id, one.span_id] = one
        if one.parent_span_id is not None:
            new[trace_id, _BELOW + one.parent_span_id] = one
