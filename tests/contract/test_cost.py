"""Cost, models, users, prompts and latencies: the same answers on every engine, before and after summaries."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest
from msgspec.structs import replace

from records import SECOND, T0, batch, call, computed, resource
from spanglass.call import Cost, CostState, Usage
from spanglass.errors import NotFound, QueryError
from spanglass.server.query.cost import DIMENSIONS, CostAnswer, cost
from spanglass.server.query.figures import Money
from spanglass.server.query.filters import Filters
from spanglass.server.query.latency import latency
from spanglass.server.query.models import models
from spanglass.server.query.prompts import prompt, prompts
from spanglass.server.query.savings import savings
from spanglass.server.query.users import users
from spanglass.server.record import Batch, Score, Status, StoredSpan
from spanglass.server.store.protocol import Store
from spanglass.server.store.summaries import HOUR_NS

DAY = 24 * HOUR_NS
MIDNIGHT = T0 - T0 % DAY
"""2025-10-09 in UTC."""
END = MIDNIGHT + 3 * DAY
UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
ESTIMATED = Cost(CostState.ESTIMATED, Decimal("0.003"), "local", "openai/gpt", "v")


def said(stored: StoredSpan, **facts: object) -> StoredSpan:
    """Return a span that says more of itself."""
    return replace(stored, facts=replace(stored.facts, **facts))


def week() -> list[StoredSpan]:
    """Return calls of three days, for two features, in two versions of a prompt."""
    hour = 3_600.0
    answer = {"prompt_name": "answer"}
    return [
        said(
            call(1, 1, at=hour, lasts=1, usage=Usage(1_000, 100, 800), cost=computed("0.01"), user="ann"),
            **answer,
            prompt_version="1",
            feature="help",
            tags=("beta", "eu"),
            session_id="s1",
        ),
        said(
            call(2, 2, at=30 * hour, lasts=2, usage=Usage(2_000, 50), cost=computed("0.02"), user="bob"),
            **answer,
            prompt_version="2",
            feature="help",
            tags=("beta",),
        ),
        said(call(3, 3, at=31 * hour, lasts=4, usage=Usage(10, 5), cost=ESTIMATED, user="ann"), feature="search"),
        call(3, 4, at=32 * hour, lasts=8, model="new", first_token=0.5, sender=resource("db")),
        call(4, 5, at=33 * hour, status=Status.ERROR, cost=None),
    ]


@pytest.fixture(params=["calls", "summaries"])
def full(store: Store, request: pytest.FixtureRequest) -> Store:
    """Return a store of these calls, summarised or not."""
    store.write([batch(*week())])
    if request.param == "summaries":
        assert store.roll_up(END + DAY) > 0
    return store


def asked(store: Store, by: str = "feature", **narrowed: str) -> CostAnswer:
    """Ask what the three days cost."""
    return cost(store, start_ns=MIDNIGHT, end_ns=END, by=by, zone=UTC_ZONE, filters=Filters(**narrowed))


def test_cost_says_its_state(full: Store) -> None:
    """The total is a lower bound where calls are unpriced, and tells apart how it is known."""
    assert asked(full).total.cost == Money(
        amount=Decimal("0.033"), computed=Decimal("0.03"), estimated=Decimal("0.003"), calls=4, unpriced=1
    )


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("feature", {"help": "0.03", "search": "0.003", None: None}),
        ("user", {"bob": "0.02", "ann": "0.013", None: None}),
        ("session", {"s1": "0.01", None: "0.023"}),
        ("model", {"gpt": "0.033", "new": None}),
        ("provider", {"openai": "0.033"}),
        ("service", {"shop": "0.033", "db": None}),
        ("environment", {"production": "0.033"}),
        ("operation", {"chat": "0.033"}),
        ("tag", {"beta": "0.03", "eu": "0.01"}),
    ],
)
def test_cost_by_every_dimension(full: Store, by: str, groups: dict[str | None, str | None]) -> None:
    """Groups are those of the calls, the dearest first; what has no value is a group of its own."""
    found = asked(full, by).groups

    assert {
        group.key: None if group.figures.cost.amount is None else str(group.figures.cost.amount) for group in found
    } == groups
    amounts = [group.figures.cost.amount or 0 for group in found]
    assert amounts == sorted(amounts, reverse=True)


def test_cost_by_version_of_a_prompt(full: Store) -> None:
    """Versions of a prompt are groups of their own."""
    found = asked(full, "prompt").groups

    assert [(group.key, group.version, str(group.figures.cost.amount)) for group in found] == [
        ("answer", "2", "0.02"),
        ("answer", "1", "0.01"),
        (None, None, "0.003"),
    ]


def test_every_dimension_is_tested() -> None:
    """A dimension without a test above is missed here."""
    assert set(DIMENSIONS) == {
        *("feature", "user", "session", "prompt", "model", "provider", "service", "environment", "tag", "operation")
    }


def test_cost_comes_in_pages(full: Store) -> None:
    """A page after the other has every group once."""
    first = cost(full, start_ns=MIDNIGHT, end_ns=END, by="feature", zone=UTC_ZONE, page=(None, 2))
    second = cost(full, start_ns=0, end_ns=1, by="feature", zone=UTC_ZONE, page=(first.next_cursor, 2))

    assert [[group.key for group in page.groups] for page in (first, second)] == [["help", "search"], [None]]
    assert second.next_cursor is None


def test_cost_by_day_in_a_zone(full: Store) -> None:
    """Days are those of the zone; they are there without calls, and sum to the total."""
    in_utc = asked(full).days
    assert [(day.start, day.calls) for day in in_utc] == [
        (MIDNIGHT / SECOND, 1),
        (MIDNIGHT / SECOND + 86_400, 4),
        (MIDNIGHT / SECOND + 172_800, 0),
    ]
    for zone, first_s in ((BERLIN, -7_200), (ZoneInfo("Asia/Kathmandu"), -20_700), (ZoneInfo("America/Lima"), -68_400)):
        answer = cost(full, start_ns=MIDNIGHT, end_ns=END, by="feature", zone=zone)
        assert answer.days[0].start == MIDNIGHT / SECOND + first_s
        assert sum(day.calls for day in answer.days) == 5
        assert sum(day.cost.amount or 0 for day in answer.days) == Decimal("0.033")


def test_the_month_is_projected(full: Store) -> None:
    """This month so far, and for each day left the mean of the last days since the first call."""
    month = asked(full).month

    assert (month.start, month.end) == (1_759_276_800.0, 1_761_955_200.0)
    assert month.to_date.amount == Decimal("0.033")
    # three days cost 0.033; from the 12th on 20 days are left
    assert month.projected == Decimal("0.033") + Decimal("0.22")
    assert month.before == Money(amount=None)


def test_a_month_of_absurd_costs_is_projected(store: Store) -> None:
    """Whatever a sender claims to have spent, the month has an answer."""
    store.write([batch(call(1, 1, cost=computed("99999999999999999999")))])

    assert cost(store, start_ns=T0, end_ns=T0 + 1, by="feature", zone=UTC_ZONE).month.projected is not None


def test_a_period_is_compared_with_the_one_before(full: Store) -> None:
    """The period of the same length before, in total and by group."""
    answer = cost(full, start_ns=MIDNIGHT + DAY, end_ns=MIDNIGHT + 2 * DAY, by="feature", zone=UTC_ZONE)

    assert answer.before.amount == Decimal("0.01")
    assert {group.key: group.before for group in answer.groups} == {"help": Decimal("0.01"), "search": None, None: None}


def test_cost_refuses_what_it_cannot_tell(store: Store) -> None:
    """A dimension that is none, and ranges too long, are errors that say what would be right."""
    with pytest.raises(QueryError, match="cannot be told apart by 'colour'; there are feature, user"):
        asked(store, "colour")
    with pytest.raises(QueryError, match="longer than 400 days"):
        cost(store, start_ns=0, end_ns=500 * DAY, by="feature", zone=UTC_ZONE)


def test_nothing_costs_nothing_known(store: Store) -> None:
    """Without calls there is no amount, which is not 0; nothing is projected."""
    answer = asked(store)

    assert answer.total.cost == Money(amount=None)
    assert (answer.groups, answer.month.projected) == ((), None)


def test_savings_are_what_reads_would_have_cost(full: Store) -> None:
    """800 tokens read from the cache of a model that has prices, and nothing of one that has none."""
    answer = savings(full, start_ns=MIDNIGHT, end_ns=END)

    assert (answer.input_tokens, answer.cache_read_tokens, answer.cache_write_tokens) == (3_010, 800, 0)
    assert (answer.saved, answer.unpriced_tokens) == (None, 800)


def test_savings_by_the_price_table(store: Store) -> None:
    """gpt-4o reads at half the price of its input: 2.50 and 1.25 USD a million."""
    store.write([batch(call(model="gpt-4o", usage=Usage(1_000_000, 1, 400_000), cost=None))])

    assert savings(store, start_ns=MIDNIGHT, end_ns=END).saved == Decimal("0.5")


def test_models_side_by_side(full: Store) -> None:
    """Each model as asked for, with those that answered, its figures and what a call costs."""
    answer = models(full, start_ns=MIDNIGHT, end_ns=END)

    assert [(row.model, row.answered_by, row.figures.attempts) for row in answer.models] == [
        ("gpt", ("gpt",), 4),
        ("new", ("new",), 1),
    ]
    assert answer.models[0].cost_a_call == Decimal("0.011")
    assert answer.models[1].cost_a_call is None
    assert answer.models[1].figures.first_token.p50 == pytest.approx(0.5, rel=0.011)


def test_models_sorted(full: Store) -> None:
    """By any of the orders; another is refused."""
    by_errors = models(full, start_ns=MIDNIGHT, end_ns=END, sort="errors")

    assert [row.figures.errors for row in by_errors.models] == [1, 0]
    with pytest.raises(QueryError, match="cannot be sorted by 'beauty'"):
        models(full, start_ns=MIDNIGHT, end_ns=END, sort="beauty")


def test_models_by_tokens_count_what_is_known(store: Store) -> None:
    """A model whose output is never told, as of embeddings, stands by the tokens that it read."""
    store.write(
        [
            batch(
                call(1, 1, model="chat", usage=Usage(10, 10), cost=None),
                call(2, 2, model="embed", usage=Usage(5_000), cost=None),
            )
        ]
    )

    answer = models(store, start_ns=MIDNIGHT, end_ns=END, sort="tokens")

    assert [row.model for row in answer.models] == ["embed", "chat"]


def test_users_by_cost(full: Store) -> None:
    """Users with what their calls cost; calls without a user are in no row."""
    answer = users(full, start_ns=MIDNIGHT, end_ns=END)

    assert [(user.user_id, str(user.figures.cost.amount), user.figures.calls) for user in answer.users] == [
        ("bob", "0.02", 1),
        ("ann", "0.013", 2),
    ]
    assert answer.total == 2
    seen = answer.users[1]
    assert seen.first_seen + 3_600 >= T0 / SECOND
    assert seen.last_seen > T0 / SECOND + 30 * 3_600
    narrowed = users(full, start_ns=MIDNIGHT, end_ns=END, filters=Filters(user_id="ann"))
    assert [user.user_id for user in narrowed.users] == ["ann"]


def test_prompts_and_their_versions(full: Store) -> None:
    """A prompt once, its versions counted; then the versions beside each other, the latest used first."""
    listed = prompts(full, start_ns=MIDNIGHT, end_ns=END).prompts
    assert [(one.name, one.versions, one.figures.calls) for one in listed] == [("answer", 2, 2)]

    versions = prompt(full, "answer", start_ns=MIDNIGHT, end_ns=END).versions

    assert [(one.version, one.input_tokens_a_call, one.cost_a_call, one.models) for one in versions] == [
        ("2", 2_000.0, Decimal("0.02"), ("gpt",)),
        ("1", 1_000.0, Decimal("0.01"), ("gpt",)),
    ]
    assert versions[0].figures.duration.p50 == pytest.approx(2, rel=0.011)


def test_prompt_versions_have_scores(full: Store) -> None:
    """Scores of a version's calls are its scores; one that was sent again counts once."""
    scored = [
        Score(T0 + SECOND, one.span.trace_id, one.span.span_id, None, "helpful", value, None, None, "user", resource())
        for one, value in zip(week()[:2], (0.5, 1.0), strict=True)
    ]
    for tag in (b"1", b"2"):
        full.write([Batch(tag * 16, T0, scores=scored)])

    versions = prompt(full, "answer", start_ns=MIDNIGHT, end_ns=END).versions

    assert [[msgspec.to_builtins(score) for score in one.scores] for one in versions] == [
        [{"name": "helpful", "count": 1, "mean": 1.0}],
        [{"name": "helpful", "count": 1, "mean": 0.5}],
    ]
    (version,) = prompt(full, "answer", start_ns=MIDNIGHT, end_ns=END, filters=Filters(user_id="bob")).versions
    assert [(one.count, one.mean) for one in version.scores] == [(1, 1.0)]


def test_a_prompt_that_is_not_there(full: Store) -> None:
    """A name that no call has is not found, and it is said how to give one."""
    with pytest.raises(NotFound, match=r"prompt 'other'.*gen_ai\.prompt\.name"):
        prompt(full, "other", start_ns=MIDNIGHT, end_ns=END)


@pytest.mark.parametrize("measure", ["duration", "first_token"])
def test_a_heat_map_counts_every_call(full: Store, measure: str) -> None:
    """Each call is in one cell, between bounds that hold it; empty steps are there."""
    answer = latency(full, start_ns=MIDNIGHT, end_ns=END, measure=measure, step_ns=DAY)

    assert [column.calls for column in answer.columns] == ([1, 4, 0] if measure == "duration" else [0, 1, 0])
    assert all(len(column.counts) == len(answer.bounds) - 1 for column in answer.columns)
    assert all(sum(column.counts) == column.calls for column in answer.columns)
    durations = {"duration": (1, 8), "first_token": (0.5, 0.5)}[measure]
    assert answer.bounds[0] <= durations[0]
    assert answer.bounds[-1] > durations[1]


def test_an_empty_heat_map(store: Store) -> None:
    """Without calls there are steps and no bounds; too many steps are refused."""
    answer = latency(store, start_ns=MIDNIGHT, end_ns=END, step_ns=DAY)

    assert (answer.bounds, [column.counts for column in answer.columns]) == ((), [(), (), ()])
    with pytest.raises(QueryError, match="more than 500 steps"):
        latency(store, start_ns=MIDNIGHT, end_ns=END, step_ns=SECOND)


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: models(store, start_ns=5, end_ns=5),
        lambda store: users(store, start_ns=5, end_ns=5),
        lambda store: prompts(store, start_ns=5, end_ns=5),
        lambda store: latency(store, start_ns=5, end_ns=5),
        lambda store: models(store, start_ns=0, end_ns=5, page=("made up", 5)),
        lambda store: users(store, start_ns=0, end_ns=5, page=(None, 0)),
    ],
)
def test_wrong_questions_are_refused(store: Store, ask: Callable[[Store], object]) -> None:
    """An empty range, a cursor that was made up and a limit of 0 are errors of the question."""
    with pytest.raises(QueryError):
        ask(store)
