"""What every question answers, the same on every engine."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from msgspec.structs import replace

from records import SECOND, T0, batch, call, computed, point, resource, span, span_id, trace_id
from spanglass.call import Cost, CostState, Usage
from spanglass.errors import NotFound, QueryError
from spanglass.server.query.figures import Money, Percentiles, Tokens
from spanglass.server.query.filters import Filters
from spanglass.server.query.overview import Bucket, Overview, overview
from spanglass.server.query.services import Seen, services
from spanglass.server.query.sources import sources
from spanglass.server.query.trace import trace
from spanglass.server.query.traces import Traces, traces
from spanglass.server.record import Attributes, Call, Event, Facts, Link, Status, StoredSpan, Work
from spanglass.server.store.protocol import Store
from spanglass.server.store.summaries import HOUR_NS

END = T0 + 100 * SECOND
CONTENT: Attributes = {"gen_ai.output.messages": '[{"role":"assistant","content":"Grüße, \\"Ann\\""}]'}
REPORTED = Cost(CostState.REPORTED, Decimal("0.02"), "provider")
ESTIMATED = Cost(CostState.ESTIMATED, Decimal("0.003"), "local", "openai/gpt", "v")


def chat() -> list[StoredSpan]:
    """Return trace 1: a chat of two services with a retried call, a reported cost and an unpriced model."""
    return [
        span(1, 1, at=10, lasts=8, name="POST /chat", facts=Facts(user_id="ann", session_id="s1", feature="help")),
        call(1, 2, 1, at=11, lasts=1, status=Status.ERROR, cost=None),  # refused: it used nothing
        call(
            1,
            3,
            1,
            at=13,
            lasts=2,
            resend=1,
            first_token=0.5,
            cost=REPORTED,
            usage=Usage(input_tokens=100, output_tokens=20, cache_read_tokens=60),
            attributes=CONTENT,
        ),
        span(1, 4, 1, at=15, lasts=1, name="SELECT", sender=resource("db", "production"), facts=Facts(Work.DATABASE)),
        call(1, 5, 4, at=15.5, lasts=0.25, model="new", usage=Usage(input_tokens=1), sender=resource("db")),
    ]


def everything() -> list[StoredSpan]:
    """Return the chat and three more traces: an orphan that failed, a staging one, one that is no call."""
    return [
        *chat(),
        call(2, 6, 99, at=20, lasts=4, cost=computed("0.0001"), status=Status.ERROR, user="bob"),
        call(3, 7, at=30, lasts=1, cost=ESTIMATED, sender=resource("shop", "staging"), usage=Usage(output_tokens=7)),
        span(4, 8, at=99, name="GET /health", sender=resource(None, None)),
    ]


@pytest.fixture
def full(store: Store) -> Store:
    """Return a store that holds everything, cut into batches, some of it sent twice."""
    spans = everything()
    store.write([batch(*spans[3:])])
    store.write([batch(*spans[:4]), batch(*spans[2:5], tag="again")])
    return store


def asked(store: Store, **narrowed: str) -> Overview:
    """Return the overview of the whole time."""
    return overview(store, start_ns=T0, end_ns=END, filters=Filters(**narrowed))


def listed(store: Store, **narrowed: str) -> list[str]:
    """Return the names of the traces of the whole time."""
    return [row.name for row in traces(store, start_ns=T0, end_ns=END, filters=Filters(**narrowed)).traces]


def test_overview_counts_calls_not_attempts(full: Store) -> None:
    """A retry is not another call, and a failure that was retried is not an error."""
    totals = asked(full).totals

    assert (totals.attempts, totals.retries, totals.calls, totals.errors) == (5, 1, 4, 1)


def test_overview_says_how_its_cost_is_known(full: Store) -> None:
    """The sum keeps its states apart; what has no price is counted, not added as 0; what was refused cost nothing."""
    totals = asked(full).totals

    assert totals.cost == Money(
        amount=Decimal("0.0231"),
        reported=Decimal("0.02"),
        computed=Decimal("0.0001"),
        estimated=Decimal("0.003"),
        calls=4,
        unpriced=1,
    )
    assert totals.tokens == Tokens(input=101, output=27, cache_read=60, cache_write=None, reasoning=None)


def test_overview_measures_attempts(full: Store) -> None:
    """Percentiles are durations of attempts, within 2.7 %; without streams there is no first token."""
    totals = asked(full).totals

    assert totals.duration == Percentiles(p50=1.0, p95=3.98, p99=3.98)
    assert totals.first_token == Percentiles(p50=0.498, p95=0.498, p99=0.498)
    assert asked(full, environment="staging").totals.first_token == Percentiles()


def test_texts_are_looked_for_until_patience_ends(full: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of a search through texts may end early; the pages after it have the rest, every trace once."""
    monkeypatch.setattr("spanglass.server.query.traces._PATIENCE_S", 0.0)
    monkeypatch.setattr("spanglass.server.query.traces._SLOW_SLICES", (2, 1))
    every = traces(full, start_ns=T0, end_ns=END).traces
    page = traces(full, start_ns=T0, end_ns=END, filters=Filters(text="a"))
    found, pages = list(page.traces), 1

    while page.next_cursor is not None:
        assert not page.complete
        assert page.searched_back_to >= T0 / SECOND
        page = traces(full, start_ns=T0, end_ns=END, filters=Filters(text="a"), cursor=page.next_cursor)
        found, pages = [*found, *page.traces], pages + 1

    assert page.complete
    assert page.searched_back_to == T0 / SECOND
    assert pages > 2
    assert found == list(every)


def test_overview_is_the_same_from_summaries(full: Store) -> None:
    """Once calls are summarised the answer is the same, to the last digit, whatever the range and the filters."""
    asking = [
        (T0 + 5 * SECOND, END, None),
        (T0 - 7_200 * SECOND, T0 + 7_200 * SECOND, 60),
        (T0, T0 + HOUR_NS * 48, 3_600),
    ]
    narrow = [Filters(), Filters(service="shop"), Filters(status="ok", model="gpt"), Filters(user_id="bob")]

    def answers() -> list[Overview]:
        return [
            overview(full, start_ns=start, end_ns=end, step_ns=step and step * SECOND, filters=filters)
            for start, end, step in asking
            for filters in narrow
        ]

    before = answers()
    assert full.roll_up(END + 2 * HOUR_NS) > 0
    assert answers() == before


def test_overview_has_every_step_of_time(full: Store) -> None:
    """Steps start at multiples of their width and are there without calls; their figures add up to the total."""
    answer = overview(full, start_ns=T0 + 5 * SECOND, end_ns=T0 + 45 * SECOND, step_ns=10 * SECOND)

    assert [bucket.start for bucket in answer.buckets] == [T0 / SECOND + at for at in (0, 10, 20, 30, 40)]
    assert [bucket.figures.attempts for bucket in answer.buckets] == [0, 3, 1, 1, 0]
    empty: Bucket = answer.buckets[0]
    assert (empty.figures.cost, empty.figures.tokens) == (Money(amount=None), Tokens())
    assert (answer.start, answer.end, answer.step) == (T0 / SECOND + 5, T0 / SECOND + 45, 10.0)


def test_overview_names_models(full: Store) -> None:
    """Figures go by the model asked for, else the one that answered; most used first."""
    models = asked(full).models

    assert [(model.provider, model.model, model.figures.attempts) for model in models] == [
        ("openai", "gpt", 4),
        ("openai", "new", 1),
    ]
    assert models[1].figures.cost == Money(amount=None, calls=1, unpriced=1)


def test_failed_and_answered_calls_of_a_model_are_one_row(store: Store) -> None:
    """An alias is one model, whichever snapshot answered and where none did."""
    answered = call(1, 1, at=10)
    said = msgspec.structs.replace(answered.facts, call=Call("chat", "openai", "gpt", "gpt-2026-01-01"))
    refused = call(2, 2, at=11, status=Status.ERROR, cost=None)
    store.write([batch(msgspec.structs.replace(answered, facts=said), refused)])

    models = asked(store).models

    assert [(model.model, model.figures.attempts, model.figures.errors) for model in models] == [("gpt", 2, 1)]


def test_overview_of_nothing_is_unknown(store: Store) -> None:
    """Without calls, counts are 0 and every sum is unknown."""
    answer = asked(store)

    assert answer.totals.attempts == 0
    assert answer.totals.cost == Money(amount=None)
    assert answer.totals.tokens == Tokens()
    assert answer.totals.duration == Percentiles()
    assert answer.models == ()


@pytest.mark.parametrize(
    ("narrowed", "attempts"),
    [
        ({"service": "db"}, 1),
        ({"environment": "staging"}, 1),
        ({"model": "gpt"}, 4),
        ({"status": "error"}, 2),
        ({"status": "ok"}, 3),
        ({"user_id": "bob"}, 1),
        ({"session_id": "s1"}, 0),
        ({"feature": "help"}, 0),
        ({"text": "CHAT NEW"}, 1),
        ({"service": "shop", "status": "error", "user_id": "bob"}, 1),
    ],
)
def test_overview_narrows_to_calls(full: Store, narrowed: dict[str, str], attempts: int) -> None:
    """Every filter holds of the call's own span."""
    assert asked(full, **narrowed).totals.attempts == attempts


def test_traces_are_newest_first_with_their_sums(full: Store) -> None:
    """A row says what its whole trace did."""
    answer = traces(full, start_ns=T0, end_ns=END)

    assert [row.name for row in answer.traces] == ["GET /health", "chat gpt", "chat gpt", "POST /chat"]
    assert answer.next_cursor is None
    row = answer.traces[-1]
    assert (row.trace_id, row.start, row.duration) == (trace_id(1), T0 / SECOND + 10, 8.0)
    assert (row.service, row.environment, row.services) == ("shop", "production", ("db", "shop"))
    assert (row.spans, row.calls, row.retries, row.errors, row.status) == (5, 2, 1, 1, "ok")
    assert (row.models, row.tokens) == (("gpt", "new"), Tokens(input=101, output=20, cache_read=60))
    assert row.cost == Money(amount=Decimal("0.02"), reported=Decimal("0.02"), calls=2, unpriced=1)
    assert (row.first_token, row.user_id, row.session_id, row.feature) == (0.5, "ann", "s1", "help")


def test_a_model_that_does_not_say_its_name_has_the_one_asked_for(store: Store) -> None:
    """Bedrock's answers name no model; a refused call had none."""
    told = call(1, 1, model="claude")
    known = told.facts.call
    assert known is not None
    silent = replace(told, facts=replace(told.facts, call=replace(known, response_model=None)))
    store.write([batch(silent, call(1, 2, model="gpt", status=Status.ERROR))])

    assert [row.models for row in traces(store, start_ns=T0, end_ns=END).traces] == [("claude",)]


def test_a_trace_without_a_root_is_named_by_its_earliest_span(full: Store) -> None:
    """It fails when any of its spans did; what is unknown of the sender is None."""
    rows = {row.trace_id: row for row in traces(full, start_ns=T0, end_ns=END).traces}

    assert (rows[trace_id(2)].name, rows[trace_id(2)].status) == ("chat gpt", "error")
    health = rows[trace_id(4)]
    assert (health.service, health.environment, health.services, health.models) == (None, None, (), ())
    assert (health.calls, health.cost, health.tokens) == (0, Money(amount=None), Tokens())


@pytest.mark.parametrize(
    ("narrowed", "names"),
    [
        ({"service": "db"}, ["POST /chat"]),
        ({"service": "db", "user_id": "ann"}, ["POST /chat"]),
        ({"service": "db", "user_id": "bob"}, []),
        ({"environment": "staging"}, ["chat gpt"]),
        ({"model": "new"}, ["POST /chat"]),
        ({"status": "error"}, ["chat gpt"]),
        ({"status": "ok", "model": "gpt"}, ["chat gpt", "POST /chat"]),
        ({"session_id": "s1"}, ["POST /chat"]),
        ({"feature": "help"}, ["POST /chat"]),
        ({"text": "health"}, ["GET /health"]),
        ({"text": "grüße, "}, ["POST /chat"]),
        ({"text": 'Grüße, "Ann"'}, ["POST /chat"]),
        ({"text": "it BROKE"}, ["chat gpt", "POST /chat"]),
        ({"text": "c%t"}, []),
        ({"text": "c_at"}, []),
    ],
)
def test_traces_narrow_to_what_their_spans_say(full: Store, narrowed: dict[str, str], names: list[str]) -> None:
    """Each filter may be satisfied by another span of the trace; text is text, not a pattern."""
    assert listed(full, **narrowed) == names


def test_pages_do_not_move_while_traces_arrive(store: Store) -> None:
    """Following cursors visits every trace once, whatever is written meanwhile, also where starts are the same."""
    store.write([batch(*(span(number, number, at=number // 3) for number in range(20)))])
    seen: list[str] = []
    cursor: str | None = None
    for page in range(20):
        answer: Traces = traces(store, start_ns=T0, end_ns=END, cursor=cursor, limit=7)
        seen += [row.trace_id for row in answer.traces]
        cursor = answer.next_cursor
        if cursor is None:
            break
        store.write([batch(span(100 + page, 1, at=50 + page))])

    assert sorted(seen) == sorted(trace_id(number) for number in range(20))
    assert set(seen[:2]) == {trace_id(18), trace_id(19)}


def test_a_trace_counts_in_each_range_where_its_spans_start(full: Store) -> None:
    """A range that cuts a trace lists it, with the figures of the whole."""
    answer = traces(full, start_ns=T0 + 14 * SECOND, end_ns=T0 + 16 * SECOND)

    assert [(row.trace_id, row.spans) for row in answer.traces] == [(trace_id(1), 5)]


def test_a_trace_opens_whole(full: Store) -> None:
    """Spans stand parents first, each with what it says; sums are those of the list."""
    answer = trace(full, trace_id(1).upper())

    assert [view.span_id for view in answer.spans] == [span_id(number) for number in (1, 2, 3, 4, 5)]
    assert (answer.start, answer.duration, answer.calls) == (T0 / SECOND + 10, 8.0, 2)
    row = traces(full, start_ns=T0, end_ns=END, filters=Filters(user_id="ann")).traces[0]
    assert (answer.tokens, answer.cost) == (row.tokens, row.cost)
    assert {share.work: share.seconds for share in answer.where} == {"llm": 3.25, "db": 0.75, "other": 4.0}
    winner = answer.spans[2]
    assert winner.call is not None
    assert winner.cost is not None
    assert (winner.offset, winner.duration, winner.call.resend_count, winner.call.first_token) == (3.0, 2.0, 1, 0.5)
    assert (winner.cost.state, winner.cost.amount, winner.cost.price_id) == ("reported", Decimal("0.02"), None)
    assert msgspec.json.decode(winner.attributes) == CONTENT
    unpriced = answer.spans[4]
    assert unpriced.cost is not None
    assert (unpriced.cost.state, unpriced.cost.amount) == ("unpriced", None)
    assert (answer.spans[0].call, answer.spans[0].cost) == (None, None)


def test_a_span_shows_its_events_and_links(store: Store) -> None:
    """Events stand in the order of time, relative to the trace; links keep their attributes."""
    late, early = Event("late", T0 + 2 * SECOND, {}), Event("early", T0 + SECOND, {"n": 1})
    store.write([batch(span(events=(late, early), links=(Link(trace_id(9), span_id(9), {"why": "retry"}),)))])

    (view,) = trace(store, trace_id(1)).spans
    assert [(event.name, event.offset, event.attributes) for event in view.events] == [
        ("early", 1.0, {"n": 1}),
        ("late", 2.0, {}),
    ]
    assert [(link.trace_id, link.span_id, link.attributes) for link in view.links] == [
        (trace_id(9), span_id(9), {"why": "retry"})
    ]


def test_what_is_not_there_is_said(full: Store) -> None:
    """A trace that is not stored is not found; what is no id cannot be asked for."""
    with pytest.raises(NotFound, match="no trace"):
        trace(full, trace_id(77))
    for wrong in ("", "abc", "g" * 32, trace_id(1) + "0"):
        with pytest.raises(QueryError, match="32 hex digits"):
            trace(full, wrong)


def test_menus_hold_what_was_seen_in_the_range(full: Store) -> None:
    """Menus list known values, sorted, of spans that start in the range."""
    assert services(full, start_ns=T0, end_ns=END) == Seen(
        services=("db", "shop"), environments=("production", "staging"), models=("gpt", "new"), features=("help",)
    )
    assert services(full, start_ns=T0 + 25 * SECOND, end_ns=END) == Seen(
        services=("shop",), environments=("staging",), models=("gpt",), features=()
    )


def test_sources_are_held_against_what_is_stored(store: Store) -> None:
    """A process that says it sent two spans, of which one is stored, misses one."""
    labels = {"spanglass.signal": "traces", "spanglass.destination": "spanglass"}
    sent = replace(
        point(value=2), name="spanglass.sdk.exported", kind="sum", temporality="cumulative", attributes=labels
    )
    store.write([replace(batch(span()), points=[sent])])

    (source,) = sources(store, start_ns=T0, end_ns=END).sources

    assert (source.signals[0].sent, source.signals[0].stored, source.signals[0].missing) == (2, 1, 1)


def test_a_page_of_a_trace_has_its_spans_alone(full: Store) -> None:
    """The second page goes on where the first ended, with the sums of the whole."""
    page = trace(full, trace_id(1), offset=2, limit=2)

    assert [view.span_id for view in page.spans] == [span_id(3), span_id(4)]
    assert (page.total, page.next_offset, page.calls) == (5, 4, 2)
