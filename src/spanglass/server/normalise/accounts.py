"""Several accounts of one call to a model, by several instrumentations: one stays a call, the others are marked.

A framework, a client's instrumentation and a gateway may each open a span for the same call. Only one may be billed.
Spans are compared that are handed in together; `recent` compares them with those of exports before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from spanglass.semconv import attributes as attr
from spanglass.server.record import Call, Facts, Status, StoredSpan, Work

_HIGHEST: Final = 32
"""Spans between a call and the one around it, and calls around a call, that are looked at."""
_BORDERS: Final = frozenset({Work.TOOL, Work.AGENT, Work.RETRIEVAL})
"""Work that makes calls of its own: what is inside is no account of what is outside."""


def settle(spans: Sequence[StoredSpan]) -> Sequence[StoredSpan]:
    """Return the spans, where of several accounts of one call only one is a call still.

    An account is told by its place (a call around a call, nothing but plain spans between, and the same model, response
    or counts), or by the same response id in the same trace at the same time. The inner one stands, since it is nearer
    to the provider, unless only the outer one knows the usage. Attempts that failed stay what they are. The others get
    `spanglass.duplicate_of`, no facts of a call and no cost.

    Args:
        spans: Of one or more exports, understood and priced.
    """
    by_trace: dict[str, list[StoredSpan]] = defaultdict(list)
    for stored in spans:
        if stored.facts.call is not None:
            by_trace[stored.span.trace_id].append(stored)
    several = {trace_id: calls for trace_id, calls in by_trace.items() if len(calls) > 1}
    if not several:
        return spans
    known = {one.span.span_id: one for one in spans}
    instead: dict[int, str] = {}
    for calls in several.values():
        instead |= _settle_trace(calls, known)
    return [marked(one, instead[id(one)]) if id(one) in instead else one for one in spans] if instead else spans


def _settle_trace(calls: Sequence[StoredSpan], known: Mapping[str, StoredSpan]) -> dict[int, str]:
    """Return, by identity of each account that does not stand, the span id of the one that does."""
    outer_of = {id(one): outer for one in calls if (outer := _around(one, known)) is not None}
    named = [one.facts.call.response_id for one in calls if one.facts.call is not None and one.facts.call.response_id]
    if not outer_of and len(set(named)) == len(named):  # nearly always
        return {}
    inner_of: dict[int, list[StoredSpan]] = defaultdict(list)
    for one in calls:
        if id(one) in outer_of:
            inner_of[id(outer_of[id(one)])].append(one)
    standing = _Standing()
    for outer in sorted(calls, key=lambda one: _depth(one, outer_of), reverse=True):  # the innermost first
        inner = [standing.of(one) for one in inner_of.get(id(outer), ())]
        if inner and max(map(_knows, inner)) >= _knows(outer):
            standing.give_way(outer, max(reversed(inner), key=_knows))
            continue
        for one in inner:
            if one.span.status is not Status.ERROR:
                standing.give_way(one, outer)
    for one, other in _same_response([one for one in calls if standing.of(one) is one]):
        standing.give_way(one, other)
    return {id(one): stands.span.span_id for one in calls if (stands := standing.of(one)) is not one}


class _Standing:
    """Which account stands for which; never none of them, also where spans go round in circles."""

    def __init__(self) -> None:
        self._by_account: dict[int, StoredSpan] = {}

    def of(self, one: StoredSpan) -> StoredSpan:
        """Return the account that stands for one; itself where it stands."""
        passed = []
        while (other := self._by_account.get(id(one))) is not None:
            passed.append(id(one))
            one = other
        self._by_account.update(dict.fromkeys(passed, one))
        return one

    def give_way(self, one: StoredSpan, other: StoredSpan) -> None:
        """Let another account stand for one, and for those that it stood for."""
        one, other = self.of(one), self.of(other)
        if one is not other:
            self._by_account[id(one)] = other


def _around(one: StoredSpan, known: Mapping[str, StoredSpan]) -> StoredSpan | None:
    """Return the account of the same call that is around a call."""
    span = one.span
    for _ in range(_HIGHEST):
        above = known.get(span.parent_span_id) if span.parent_span_id is not None else None
        if above is None or above is one or above.facts.work in _BORDERS or above.span.trace_id != span.trace_id:
            return None
        if above.facts.call is not None and one.facts.call is not None:
            return above if is_same(above.facts.call, one.facts.call) else None
        span = above.span
    return None


def _depth(one: StoredSpan, outer_of: Mapping[int, StoredSpan]) -> int:
    depth, outer = 0, outer_of.get(id(one))
    while outer is not None and depth < _HIGHEST:
        depth, outer = depth + 1, outer_of.get(id(outer))
    return depth


def _same_response(calls: Sequence[StoredSpan]) -> Iterator[tuple[StoredSpan, StoredSpan]]:
    """Yield each account with the one that stands for it: one response, and at the same time.

    Some local servers number responses from a small range, so that two calls one after the other may have one id.
    """
    standing: dict[str, StoredSpan] = {}
    best_first = sorted(calls, key=lambda one: (_knows(one), one.span.start_ns), reverse=True)
    for one in best_first:
        response_id = one.facts.call.response_id if one.facts.call is not None else None
        if response_id is None:
            continue
        other = standing.setdefault(response_id, one)
        if other is not one and _overlap(one, other):
            yield one, other


def _overlap(one: StoredSpan, other: StoredSpan) -> bool:
    return max(one.span.start_ns, other.span.start_ns) <= min(one.span.end_ns, other.span.end_ns)


def is_same(outer: Call, inner: Call) -> bool:
    """Tell whether a call and one inside it are the same: by their response ids, their counts or their models."""
    if (outer.operation == "embeddings") != (inner.operation == "embeddings"):
        return False
    if outer.response_id is not None and inner.response_id is not None and outer.response_id == inner.response_id:
        return True
    if _counts(outer) is not None and _counts(outer) == _counts(inner):
        return True
    if outer.response_id is not None and inner.response_id is not None:
        return False
    return _agree(_models(outer), _models(inner))


def is_same_response(one: Call, other: Call) -> bool:
    """Tell whether calls of one response id, in two traces, are accounts of one: models and counts do not contradict.

    Where both name the model that answered, the names must agree; one may have asked for an alias of its own.
    """
    if (one.operation == "embeddings") != (other.operation == "embeddings"):
        return False
    mine, theirs = _counts(one), _counts(other)
    if mine is not None and theirs is not None and mine != theirs:
        return False
    return _agree(_models(one), _models(other))


def _agree(asked: Sequence[str], answered: Sequence[str]) -> bool:
    """Tell whether some name of one is, or begins or ends, some name of the other; where one is not known, they do."""
    return not asked or not answered or any(a in b or b in a for a in asked for b in answered)


def _models(call: Call) -> list[str]:
    """Return the names of a call's model, without the provider that some put before them."""
    named = (call.request_model, call.response_model)
    return [name.lower().rpartition("/")[2] for name in named if name is not None]


def _counts(call: Call) -> tuple[int, int] | None:
    usage = call.usage
    if usage is None or not usage.input_tokens or not usage.output_tokens:
        return None
    return usage.input_tokens, usage.output_tokens


def knows(call: Call | None) -> int:
    """Return how well an account knows the usage: 0 not at all, 1 by an estimate, 2 as the provider counted it."""
    usage = None if call is None else call.usage
    if usage is None or (usage.input_tokens is None and usage.output_tokens is None):
        return 0
    return 1 if usage.estimated else 2


def _knows(one: StoredSpan) -> int:
    return knows(one.facts.call)


def marked(one: StoredSpan, other: str) -> StoredSpan:
    """Return an account as one of a call that another span stands for, by its id."""
    facts: Facts = replace(one.facts, call=None, work=Work.OTHER)
    return StoredSpan(replace(one.span, attributes={**one.span.attributes, attr.DUPLICATE_OF: other}), facts)
