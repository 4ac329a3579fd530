"""What goes wrong, by its cause, the same on every engine."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from records import SECOND, T0, batch, call, resource, span, trace_id
from spanglass.errors import NotFound, QueryError
from spanglass.server.query import error as alone
from spanglass.server.query import errors as question
from spanglass.server.query.error import ErrorPart, error
from spanglass.server.query.errors import Errors, errors
from spanglass.server.query.filters import Filters
from spanglass.server.record import Facts, Status, StoredSpan, Work
from spanglass.server.store.protocol import Store

END = T0 + 1000 * SECOND
TIMEOUT, REFUSED = "a" * 16, "b" * 16


def failed(
    trace: int,
    number: int,
    parent: int | None = None,
    *,
    at: float = 0.0,
    group: str = TIMEOUT,
    message: str = "took 3 s",
    service: str = "shop",
    user: str | None = None,
) -> StoredSpan:
    """Return a span that failed."""
    facts = Facts(Work.OTHER, error_type=f"type {group[0]}", error_message=message, error_group=group, user_id=user)
    return span(trace, number, parent, at=at, status=Status.ERROR, facts=facts, sender=resource(service))


def failed_call(
    trace: int,
    number: int,
    parent: int | None = None,
    *,
    at: float = 0.0,
    resend: int | None = None,
    model: str = "gpt",
) -> StoredSpan:
    """Return a model call that failed."""
    made = call(trace, number, parent, at=at, resend=resend, status=Status.ERROR, cost=None, model=model)
    return replace(made, facts=replace(made.facts, error_type="429", error_message="slow down", error_group=REFUSED))


def asked(store: Store, *spans: StoredSpan, sort: str = "frequent", **narrowed: str) -> Errors:
    """Return the answer over some spans."""
    if spans:
        store.write([batch(*spans)])
    return errors(store, start_ns=T0, end_ns=END, sort=sort, filters=Filters(**narrowed))


def test_the_deepest_of_a_chain_counts(store: Store) -> None:
    """Parents that repeat what failed below them are one failure; the sample is the deepest of each trace."""
    answer = asked(
        store,
        failed(1, 1, user="ann"),
        failed(1, 2, 1, at=0.1),
        failed(1, 3, 2, at=0.2, message="took 9 s", service="db"),
        failed(1, 4, 1, at=0.3, group=REFUSED),
        failed(2, 1, at=5, user="bob"),
    )

    group = answer.groups[0]
    assert answer.spans == 5
    assert (group.group, group.count, group.traces) == (TIMEOUT, 2, 2)
    assert [(one.trace_id, one.message) for one in group.samples] == [
        (trace_id(2), "took 3 s"),
        (trace_id(1), "took 9 s"),
    ]
    assert [one.group for one in answer.groups] == [TIMEOUT, REFUSED]


def test_a_failure_elsewhere_in_the_trace_counts_by_itself(store: Store) -> None:
    """Two failures beside each other are two, also of one group."""
    assert asked(store, span(1, 1), failed(1, 2, 1), failed(1, 3, 1)).groups[0].count == 2


def test_a_group_says_what_where_when_and_to_whom(store: Store) -> None:
    """The latest words are told; names come by how often they occur; users and traces are counted once."""
    group = asked(
        store,
        failed(1, 1, at=100, user="ann"),
        failed(2, 1, at=200, user="ann", message="took 7 s"),
        failed(3, 1, at=300, service="db", message="took 8 s"),
    ).groups[0]

    assert (group.type, group.message) == ("type a", "took 8 s")
    assert (group.count, group.traces, group.users) == (3, 3, 1)
    assert (group.first_seen, group.last_seen) == (T0 / SECOND + 100, T0 / SECOND + 300)
    assert group.services == ("shop", "db")


def test_over_time_adds_up(store: Store) -> None:
    """There are at most 30 steps, which begin at the range's first and hold all failures."""
    answer = asked(store, *(failed(n, 1, at=n * 10) for n in range(99)))

    over_time = answer.groups[0].over_time
    assert len(over_time) <= question.BUCKETS
    assert sum(over_time) == answer.groups[0].count == 99
    assert over_time[0] > 0


@pytest.mark.parametrize("around", [9, None], ids=["siblings", "below the first"])
def test_what_a_retry_made_good_is_told_apart(store: Store, around: int | None) -> None:
    """An attempt is recovered where a later one at the same succeeded, beside it or, with nothing around, below it."""
    below = around or 1
    answer = asked(
        store,
        failed_call(1, 1, around, at=0),
        failed_call(1, 2, below, at=2, resend=1),
        call(1, 3, below, at=4, resend=2),
        failed_call(2, 1, around, at=0),
        failed_call(2, 2, below, at=2, resend=1),
        failed_call(3, 1, around, at=0),
        call(3, 2, below, at=4, resend=1, model="other"),
    )

    group = answer.groups[0]
    assert (group.count, group.recovered) == (5, 2)
    assert (group.providers, group.models) == (("openai",), ("gpt",))


def test_a_success_before_the_failure_is_no_recovery(store: Store) -> None:
    """A retry that succeeded earlier made good something else."""
    answer = asked(store, span(1, 1), call(1, 2, 1, at=0, resend=1), failed_call(1, 3, 1, at=5))

    assert answer.groups[0].recovered == 0


def test_new_is_what_was_not_there_before(store: Store) -> None:
    """A group that the period before did not have is new."""
    store.write([batch(failed(1, 1, at=5), failed(2, 1, at=100), failed(3, 1, at=100, group=REFUSED))])

    answer = errors(store, start_ns=T0 + 50 * SECOND, end_ns=T0 + 150 * SECOND)

    assert {one.group: one.is_new for one in answer.groups} == {TIMEOUT: False, REFUSED: True}


def test_groups_come_as_sorted_a_page_at_a_time(store: Store) -> None:
    """Pages together are the list, each group once, and keep the first page's range."""
    names = [f"{n:016x}" for n in range(7)]
    store.write(
        [batch(*(failed(n * 10 + m, 1, at=m * 10 - n, group=names[n]) for n in range(7) for m in range(1, n + 2)))]
    )

    found: list[str] = []
    cursor = None
    for _ in range(4):
        page = errors(store, start_ns=T0, end_ns=END if cursor is None else END + 9, page=(cursor, 2))
        found += [one.group for one in page.groups]
        cursor = page.next_cursor
        assert page.end == END / SECOND

    assert (found, cursor) == (names[::-1], None)
    assert asked(store, sort="recent").groups[0].group == names[6]
    first = errors(store, start_ns=T0, end_ns=T0 + 10 * SECOND, sort="recent")
    assert [one.group for one in first.groups] == names[1:]


@pytest.mark.parametrize(
    ("narrowed", "counted"),
    [({"service": "shop"}, 1), ({"service": "db"}, 1), ({"user_id": "ann"}, 1), ({"text": "took 9"}, 0), ({}, 1)],
)
def test_failures_are_narrowed_before_the_deepest_is_told(store: Store, narrowed: dict[str, str], counted: int) -> None:
    """A filter holds of the span that failed; what it repeats from elsewhere does not hide it."""
    answer = asked(store, failed(1, 1, user="ann"), failed(1, 2, 1, at=0.1, service="db"), **narrowed)

    assert sum(one.count for one in answer.groups) == counted


def test_of_very_many_the_newest_are_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound only the newest steps are read; how many there are and since when they are read is said."""
    monkeypatch.setattr(question, "MOST_SPANS", 30)

    answer = asked(store, *(failed(n, 1, at=n * 10) for n in range(100)))

    assert answer.spans == 100
    assert 20 <= answer.groups[0].count <= 30
    assert answer.groups[0].first_seen >= answer.since > answer.start
    assert not answer.groups[0].is_new


def test_one_group_is_told_in_full(store: Store) -> None:
    """A group alone has more samples, and its failures by service, model, type and words."""
    store.write(
        [
            batch(
                *(failed(n, 1, at=n, message=f"took {n % 2} s") for n in range(1, 9)),
                failed(9, 1, at=9, service="db"),
                failed(9, 2, 1, at=9.5, service="db", message="took 1 s"),
                failed(10, 1, group=REFUSED),
            )
        ]
    )

    answer = error(store, TIMEOUT.upper(), start_ns=T0, end_ns=END)

    assert (answer.spans, answer.group.count, len(answer.group.samples)) == (10, 9, 9)
    assert answer.services == (ErrorPart(name="shop", count=8), ErrorPart(name="db", count=1))
    assert answer.messages == (ErrorPart(name="took 1 s", count=5), ErrorPart(name="took 0 s", count=4))
    assert answer.types == (ErrorPart(name="type a", count=9),)
    assert answer.models == (ErrorPart(name=None, count=9),)
    assert sum(answer.group.over_time) == 9


def test_a_group_alone_is_the_same_as_in_the_list(store: Store) -> None:
    """Chains, retries and users come out alike, however the group is asked for."""
    spans = (
        failed(1, 1, user="ann"),
        failed(1, 2, 1, at=0.1),
        failed(2, 1, at=5, service="db", user="bob"),
        failed(6, 1, at=6, user="bob"),
        failed_call(3, 1, 9, at=0),
        failed_call(3, 2, 9, at=2, resend=1),
        call(3, 3, 9, at=4, resend=2),
        failed_call(4, 1, at=0),
        failed_call(4, 2, 1, at=2, resend=1),
        call(4, 3, 1, at=4, resend=2),
        failed_call(5, 1, at=50),
    )
    for group in asked(store, *spans).groups:
        assert error(store, group.group, start_ns=T0, end_ns=END).group == group


def test_of_a_group_the_newest_are_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound the latest are told, and since when."""
    monkeypatch.setattr(alone, "MOST_READ", 10)
    store.write([batch(*(failed(n, 1, at=n) for n in range(30)))])

    answer = error(store, TIMEOUT, start_ns=T0, end_ns=END)

    assert (answer.spans, answer.group.count, answer.since) == (30, 10, T0 / SECOND + 20)
    assert not answer.group.is_new


def test_failures_that_are_each_others_parents_are_told(store: Store) -> None:
    """A cycle, which only a broken producer sends, is no fault of the server."""
    assert asked(store, failed(1, 1, 2), failed(1, 2, 1)).spans == 2
    assert error(store, TIMEOUT, start_ns=T0, end_ns=END).group.traces == 1


def test_what_cannot_be_asked_is_said(store: Store) -> None:
    """A group that is none, one that is not there, an order, an empty range and a wrong cursor are told."""
    ask: list[tuple[Callable[[], object], type[Exception], str]] = [
        (lambda: error(store, "x", start_ns=T0, end_ns=END), QueryError, "16 hex digits"),
        (lambda: error(store, TIMEOUT, start_ns=T0, end_ns=END), NotFound, "longer one"),
        (lambda: error(store, TIMEOUT, start_ns=END, end_ns=T0), QueryError, "range is empty"),
        (lambda: errors(store, start_ns=T0, end_ns=END, sort="x"), QueryError, "frequent or recent"),
        (lambda: errors(store, start_ns=END, end_ns=T0), QueryError, "range is empty"),
        (lambda: errors(store, start_ns=T0, end_ns=END, page=("x", 5)), QueryError, "cursor"),
        (lambda: errors(store, start_ns=T0, end_ns=END, page=(None, 0)), QueryError, "use 1 to 100"),
    ]
    for question_of, kind, words in ask:
        with pytest.raises(kind, match=words):
            question_of()


def test_nothing_failed(store: Store) -> None:
    """Without failures there are no groups."""
    answer = asked(store, call(1, 1))

    assert (answer.spans, answer.groups, answer.next_cursor, answer.since) == (0, (), None, answer.start)
