"""What calls in stored spans come to: what is counted, by what, and how many series there may be."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from records import UNPRICED, call, computed, resource, span
from spanglass.call import Cost, CostState, Usage
from spanglass.semconv.metrics import DURATION, FIRST_TOKEN
from spanglass.server.call_counts import MOST_SERIES, OTHER, CallCounts, Labels, Series
from spanglass.server.record import Facts, Status, StoredSpan

SHOP = Labels("shop", "production", "chat", "openai", "gpt", None)


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """Return them."""
        return self.now


def counted(*spans: StoredSpan) -> dict[Labels, Series]:
    """Return what spans come to."""
    counts = CallCounts()
    counts.count(spans)
    return dict(counts.taken())


def only(*spans: StoredSpan) -> Series:
    """Return the one series of spans."""
    (series,) = counted(*spans).values()
    return series


def of_model(number: int) -> StoredSpan:
    """Return a call to a model of its own."""
    return call(1, number, model=f"model-{number}")


def test_a_call_counts_in_all_its_figures() -> None:
    """Attempts, tokens, cost, duration and first content, under the labels it has."""
    usage = Usage(100, 20, cache_read_tokens=60, cache_write_tokens=5, reasoning_tokens=7)
    found = counted(call(lasts=1.5, first_token=0.4, usage=usage, cost=computed("0.0021")))

    assert list(found) == [SHOP]
    series = found[SHOP]
    assert (series.attempts, series.retries, series.errors, series.failed) == (1, 0, 0, {})
    assert (series.input_tokens, series.output_tokens) == (100, 20)
    assert (series.cache_read_tokens, series.cache_write_tokens, series.reasoning_tokens) == (60, 5, 7)
    assert (series.cost, series.unpriced) == ({"computed": Decimal("0.0021")}, 0)
    assert (series.duration_ns, series.duration.index(1)) == (1_500_000_000, DURATION.index(2.56))
    assert (series.first_token_ns, series.first_token.index(1)) == (400_000_000, FIRST_TOKEN.index(0.4))


def test_what_is_no_call_counts_nothing() -> None:
    """Agents and other accounts of a call repeat its figures."""
    assert counted(span(1, 1), span(1, 2, facts=Facts(feature="help"))) == {}


def test_a_failure_that_was_retried_is_no_error() -> None:
    """Calls are attempts less retries, and errors failed attempts less retries, wherever the two arrive."""
    counts = CallCounts()
    failed = call(1, 1, status=Status.ERROR, cost=None)
    counts.count([replace(failed, facts=replace(failed.facts, error_type="429"))])
    soon = counts.taken()[0][1]
    counts.count([call(1, 2, resend=1)])
    later = counts.taken()[0][1]
    counts.count([failed])
    counts.count([failed])
    last = counts.taken()[0][1]

    assert (soon.attempts - soon.retries, soon.errors) == (1, 1)
    assert (later.attempts - later.retries, later.errors) == (1, 1)  # a counter does not fall
    assert (last.attempts - last.retries, last.errors) == (3, 2)  # and has caught up
    assert last.failed == {"429": 1, None: 2}


def test_costs_are_kept_by_state() -> None:
    """What has no amount is counted apart, and a refused call is in neither."""
    reported = Cost(CostState.REPORTED, Decimal("0.02"), "provider")
    series = only(call(cost=computed("0.1")), call(cost=computed("0.2")), call(cost=reported), call(), call(cost=None))

    assert series.cost == {"computed": Decimal("0.3"), "reported": Decimal("0.02")}
    assert series.unpriced == 1


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-0.5", "1e20", "1e400"])
def test_an_amount_that_cannot_be_is_none(amount: str) -> None:
    """A producer may claim anything; it does not spoil a sum for good."""
    claimed = Cost(CostState.REPORTED, Decimal(amount), "provider")
    series = only(call(cost=claimed), call(cost=computed("1")))

    assert (series.cost, series.unpriced) == ({"computed": Decimal(1)}, 1)


def test_a_model_that_does_not_say_what_was_asked_for_is_the_one_that_answered() -> None:
    """As in the overview."""
    told = call(model=None)
    assert told.facts.call is not None
    answered = replace(told, facts=replace(told.facts, call=replace(told.facts.call, response_model="gpt-5")))

    assert [labels.model for labels in counted(answered)] == ["gpt-5"]


def test_labels_that_prometheus_takes_for_one_are_one() -> None:
    """An empty label is none; text that is no Unicode is made some."""
    found = counted(
        call(sender=resource("", None)), call(sender=resource(None, None)), call(sender=resource("\ud800", None))
    )

    assert [(labels.service, series.attempts) for labels, series in found.items()] == [(None, 2), ("?", 1)]


def test_series_are_bounded_and_nothing_is_lost() -> None:
    """Beyond the bound calls count as others; those that have a series keep it."""
    counts = CallCounts()
    counts.count([of_model(number) for number in range(MOST_SERIES + 50)])
    counts.count([of_model(number) for number in (0, MOST_SERIES + 1, MOST_SERIES + 70)])

    taken = dict(counts.taken())
    others = taken.pop(Labels(*[OTHER] * 6))
    assert (len(taken), others.attempts) == (MOST_SERIES, 52)
    assert taken[SHOP._replace(model="model-0")].attempts == 2


def test_idle_series_make_room() -> None:
    """A series that had no call for an hour goes when another needs its place, looked for once a minute."""
    clock = Clock()
    counts = CallCounts(clock)
    counts.count([of_model(number) for number in range(MOST_SERIES)])
    clock.now += 3_000
    counts.count([of_model(0), of_model(MOST_SERIES)])
    clock.now += 601
    counts.count([of_model(MOST_SERIES)])
    taken = dict(counts.taken())

    assert taken[SHOP._replace(model=f"model-{MOST_SERIES}")].attempts == 1
    assert taken[SHOP._replace(model="model-0")].attempts == 2
    assert len(taken) == 3  # and the others


def test_long_labels_are_among_the_others() -> None:
    """A label of a megabyte would be sent at each scrape."""
    found = counted(call(model="m" * 201), call(sender=resource("s" * 10**6)), call(model="m" * 200))

    assert sorted((len(labels.model or ""), series.attempts) for labels, series in found.items()) == [(5, 2), (200, 1)]


def test_error_types_are_bounded() -> None:
    """The first eight of a series have their name, and no long one does."""
    failed = call(status=Status.ERROR, cost=None)
    types = ["e" * 201, *(f"error-{number}" for number in range(20))]
    series = only(*(replace(failed, facts=replace(failed.facts, error_type=name)) for name in types))

    assert sum(series.failed.values()) == 21
    assert len(series.failed) <= 9
    assert series.failed["other"] >= 12


def test_error_types_that_prometheus_takes_for_one_are_one() -> None:
    """As for the other labels."""
    failed = call(status=Status.ERROR, cost=None)
    types = ["", None, "\ud800", "?"]
    series = only(*(replace(failed, facts=replace(failed.facts, error_type=name)) for name in types))

    assert series.failed == {None: 2, "?": 2}


COUNT = st.one_of(st.none(), st.integers(-5, 10**15))


@given(
    st.lists(
        st.builds(
            call,
            lasts=st.floats(0, 200),
            model=st.sampled_from(["a", "b", None]),
            usage=st.one_of(st.none(), st.builds(Usage, COUNT, COUNT, COUNT, COUNT, COUNT, COUNT)),
            cost=st.sampled_from([None, UNPRICED, computed("0.1"), computed("3")]),
            status=st.sampled_from(Status),
            resend=st.sampled_from([None, 0, 1, 2]),
            first_token=st.one_of(st.none(), st.floats(0, 60)),
        ),
        max_size=30,
    ),
    st.integers(0, 30),
)
def test_counts_add_up_and_never_fall(spans: Sequence[StoredSpan], cut: int) -> None:
    """Whatever comes in whichever batches, figures are sums over the calls, and a later reading is never below."""
    counts = CallCounts()
    counts.count(spans[:cut])
    before = dict(counts.taken())
    counts.count(spans[cut:])
    after = dict(counts.taken())

    assert sum(series.attempts for series in after.values()) == len(spans)
    assert sum(sum(series.duration) for series in after.values()) == len(spans)
    assert sum(series.unpriced for series in after.values()) == sum(one.cost is UNPRICED for one in spans)
    assert sum(sum(series.failed.values()) for series in after.values()) == sum(
        one.span.status is Status.ERROR for one in spans
    )
    for labels, earlier in before.items():
        later = after[labels]
        assert later.errors >= earlier.errors
        assert later.attempts - later.retries >= earlier.attempts - earlier.retries
        assert later.input_tokens >= earlier.input_tokens
        assert all(later.cost[state] >= amount for state, amount in earlier.cost.items())
