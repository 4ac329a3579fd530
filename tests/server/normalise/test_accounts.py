"""Several accounts of one call: one is billed, whoever else tells of it, and nothing else is taken for one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from exports import export, pair, span_message
from records import SECOND, T0, call, span, span_id
from spanglass.call import Usage
from spanglass.semconv import attributes as attr
from spanglass.server.normalise.accounts import settle
from spanglass.server.normalise.chunks import without_chunks
from spanglass.server.record import Call, Event, Facts, Status, StoredSpan, Work
from understood import understood

USAGE = Usage(100, 20)


def telling(number: int, parent: int | None = None, **more: Any) -> StoredSpan:  # noqa: ANN401 - fields of a call
    """Return a call that lasts a second, with its usage unless told otherwise."""
    of_call = {key: more.pop(key) for key in ("response_id", "operation") if key in more}
    made = call(1, number, parent, **{"usage": USAGE, **more})
    assert made.facts.call is not None
    return StoredSpan(made.span, replace(made.facts, call=replace(made.facts.call, **of_call)), made.cost)


def billed(*spans: StoredSpan) -> list[int]:
    """Return the numbers of the spans that are calls after all."""
    return sorted(int(one.span.span_id, 16) for one in settle(spans) if one.facts.call is not None)


def test_the_inner_account_stands() -> None:
    """A framework's span around a client's is an account of the same call: marked, and no cost any more."""
    outer, inner = telling(1), telling(2, 1)

    settled = settle([inner, outer])

    assert settled[0] is inner
    assert settled[1].span.attributes == {attr.DUPLICATE_OF: span_id(2)}
    assert (settled[1].facts.call, settled[1].facts.work, settled[1].cost) == (None, Work.OTHER, None)
    assert outer.span.attributes == {}


def test_plain_spans_between_change_nothing() -> None:
    """A chain, a gateway's route or an HTTP request may stand between two accounts."""
    http = span(1, 3, 2, facts=Facts(work=Work.HTTP))

    assert billed(telling(1), span(1, 2, 1), http, telling(4, 3)) == [4]


@pytest.mark.parametrize("work", [Work.TOOL, Work.AGENT, Work.RETRIEVAL])
def test_calls_of_a_tool_are_calls_of_their_own(work: Work) -> None:
    """A model that runs a tool which asks the model again: two calls, although one is around the other."""
    assert billed(telling(1), span(1, 2, 1, facts=Facts(work=work)), telling(3, 2)) == [1, 3]


@pytest.mark.parametrize(
    ("outer", "inner", "numbers"),
    [
        ({"response_id": "a"}, {"response_id": "a"}, [2]),
        ({"response_id": "a"}, {"response_id": "b", "usage": Usage(7, 7)}, [1, 2]),
        ({"response_id": "a"}, {"response_id": "b"}, [2]),  # LiteLLM makes an id of its own; the counts tell
        ({"model": "gpt"}, {"model": "claude", "usage": Usage(7, 7)}, [1, 2]),
        ({"model": "openai/gpt"}, {"model": "gpt-2024-07-18", "usage": Usage(7, 7)}, [2]),
        ({"model": None}, {"usage": Usage(7, 7)}, [2]),
        ({}, {"operation": "embeddings"}, [1, 2]),
        ({}, {"usage": None}, [1]),  # the client saw no usage, the framework did
        ({"usage": None}, {"usage": None}, [2]),
        ({"usage": Usage(100, 20, estimated=True)}, {}, [2]),
        ({"usage": Usage(100, 20, estimated=True)}, {"usage": None}, [1]),
    ],
)
def test_what_is_the_same_call(outer: dict[str, Any], inner: dict[str, Any], numbers: list[int]) -> None:
    """Ids, models and counts decide whether a call around a call is the same one, and usage which of them stands."""
    assert billed(telling(1, **outer), telling(2, 1, **inner)) == numbers


def test_attempts_that_failed_stay_attempts() -> None:
    """A logical call around two attempts: the attempts are the calls, the failed one costs nothing as before."""
    failed = telling(2, 1, usage=None, status=Status.ERROR)

    assert billed(telling(1), failed, telling(3, 1)) == [2, 3]


def test_three_accounts_are_one_call() -> None:
    """Gateway, client and framework, one in the other: the innermost that knows the usage stands."""
    settled = settle([telling(1), telling(2, 1), telling(3, 2, usage=None)])

    assert [one.facts.call is not None for one in settled] == [False, True, False]
    assert [one.span.attributes.get(attr.DUPLICATE_OF) for one in settled] == [span_id(2), None, span_id(2)]


def test_one_response_at_one_time_is_one_call() -> None:
    """Two spans side by side with the same response id tell of one response."""
    assert billed(telling(1, response_id="a"), telling(2, response_id="a", at=0.1, lasts=0.8)) == [2]


def test_one_id_at_two_times_is_two_calls() -> None:
    """Some local servers number responses from a small range: the same id a second later is another response."""
    assert billed(telling(1, response_id="a"), telling(2, response_id="a", at=5)) == [1, 2]


def test_traces_are_apart() -> None:
    """The same id in another trace is no account of this call."""
    other = call(2, 2, usage=USAGE)

    assert billed(telling(1), other) == [1, 2]


def test_spans_in_a_circle_and_deep_ones_come_to_an_end() -> None:
    """Parents are what strangers send: a circle, a span that is its own parent, calls in calls in calls."""
    assert len(billed(telling(1, 2), telling(2, 1), telling(3, 3))) == 2
    assert len(billed(telling(1, 2), telling(2, 3), telling(3, 1))) == 1
    assert billed(*(telling(number, number - 1) for number in range(1, 2000))) == [1999]


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(0, 8), st.booleans(), st.sampled_from("abc")), max_size=12))
def test_of_known_usage_never_all_is_lost(shape: list[tuple[int, int, bool, str]]) -> None:
    """Whatever tree comes, some call stays where there was one, and who stands in for another is a call itself."""
    unique = {number: (parent, knows, response) for number, parent, knows, response in shape}
    spans = [
        telling(number, parent, usage=USAGE if knows else None, response_id=response)
        for number, (parent, knows, response) in unique.items()
    ]

    settled = settle(spans)

    calls = {one.span.span_id for one in settled if one.facts.call is not None}
    assert bool(calls) == bool(spans)
    for one in settled:
        assert one.span.span_id in calls or one.span.attributes[attr.DUPLICATE_OF] in calls


def test_an_export_is_settled_before_it_is_stored() -> None:
    """What is received is settled within its export: one of two accounts is a call."""
    named: dict[str, str | float] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.usage.input_tokens": 1000,
    }
    outer, inner = span_message(1, attributes=named), span_message(2, attributes=named)
    inner.parent_span_id = outer.span_id
    outer.attributes.append(pair("openinference.span.kind", "LLM"))

    kept = understood(export([outer, inner]).SerializeToString())

    assert [one.cost is not None for one in kept] == [False, True]


def test_of_events_a_chunk_one_stays() -> None:
    """The first says when the answer began; the others go, and no other event does."""
    chunks = [Event("gen_ai.content.completion.chunk", T0 + SECOND * n, {}) for n in range(1, 50)]
    sent = span(events=(*chunks, Event("exception", T0, {}), Event("exception", T0, {}))).span

    assert [event.name for event in without_chunks(sent).events] == [chunks[0].name, "exception", "exception"]
    plain = span(events=(Event("exception", T0, {}),)).span
    assert without_chunks(plain) is plain


def test_a_batch_without_calls_is_left_alone() -> None:
    """Most spans are no calls; they come back as they are, not copied."""
    spans = [span(1, 1), StoredSpan(span(1, 2).span, Facts(call=Call("chat")))]

    assert settle(spans) is spans
