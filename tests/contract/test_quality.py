"""How good the answers are, the same on every engine."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from records import SECOND, T0, UNPRICED, batch, call, computed, resource, span_id, trace_id
from spanglass.call import Usage
from spanglass.errors import QueryError
from spanglass.server.query import scores as question
from spanglass.server.query.filters import Filters
from spanglass.server.query.quality import EmptySample, FinishReason, Quality, quality
from spanglass.server.query.scores import Feedback, LabelShare, NamedScore, ScoreGroup
from spanglass.server.record import Score, Status, StoredSpan
from spanglass.server.store.protocol import Store

END = T0 + 100 * SECOND


def answered(number: int, *reasons: str, at: float = 0.0, tokens: int = 5, operation: str = "chat") -> StoredSpan:
    """Return a call that ended for some reasons."""
    made = call(number, 1, at=at, usage=Usage(10, tokens), cost=computed("0.1"))
    said = made.facts.call
    assert said is not None
    told = replace(said, finish_reasons=reasons, operation=operation)
    return replace(made, facts=replace(made.facts, call=told, prompt_name="greet", prompt_version="2"))


def refused(number: int, kind: str, *, at: float = 0.0, resend: int | None = None) -> StoredSpan:
    """Return a call that failed."""
    made = call(number, 1 + (resend or 0), at=at, status=Status.ERROR, cost=None, resend=resend)
    return replace(made, facts=replace(made.facts, error_type=kind))


def score(
    trace: int | None,
    name: str = "relevance",
    value: float | None = None,
    label: str | None = None,
    *,
    at: float = 1.0,
    source: str | None = None,
    service: str = "shop",
) -> Score:
    """Return a score of a trace's first span."""
    return Score(
        time_ns=T0 + round(at * SECOND),
        trace_id=None if trace is None else trace_id(trace),
        span_id=None if trace is None else span_id(1),
        response_id=None,
        name=name,
        value=value,
        label=label,
        explanation=None,
        source=source,
        resource=resource(service),
    )


def asked(store: Store, *spans: StoredSpan, scores: tuple[Score, ...] = (), **narrowed: str) -> Quality:
    """Return the answer over some spans and scores."""
    if spans or scores:
        store.write([replace(batch(*spans, tag=repr(scores)), scores=scores)])
    return quality(store, start_ns=T0, end_ns=END, filters=Filters(**narrowed))


def named(answer: Quality) -> dict[str, NamedScore]:
    """Return the scores by their name."""
    return {one.name: one for one in answer.scores.names}


def test_reasons_are_told_by_their_meaning(store: Store) -> None:
    """Answers go by why they ended, whoever's word it is; one with several choices may say several, each once."""
    answer = asked(
        store,
        answered(1, "stop"),
        answered(2, "stop", "length", "length"),
        answered(3, "MAX_TOKENS"),
        answered(4, "content_filter"),
        answered(5, "odd"),
        answered(6),
    )

    assert (answer.totals.cut, answer.totals.filtered, answer.totals.calls) == (2, 1, 6)
    assert answer.reasons[0] == FinishReason(reason="stop", meaning="ended", count=2, share=2 / 5)
    assert {one.reason: one.meaning for one in answer.reasons} == {
        "stop": "ended",
        "length": "cut",
        "MAX_TOKENS": "cut",
        "content_filter": "filtered",
        "odd": "other",
    }


def test_what_is_not_counted_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where steps, models, reasons and errors are too many to be read, it is said how many attempts are left out."""
    monkeypatch.setattr("spanglass.server.query.quality._MOST_ROWS", 2)
    calls = (answered(1, "stop"), answered(2, "stop"), answered(3, "length"), answered(4, "odd"))

    few, many = asked(store, *calls[:2]), asked(store, *calls[2:])

    assert (few.left_out, few.totals.attempts) == (0, 2)
    assert (many.left_out, many.totals.attempts) == (1, 3)


def test_limits_and_retries_are_counted_apart(store: Store) -> None:
    """A refused attempt that a retry made good is no error, and yet a limit that was met."""
    totals = asked(
        store,
        refused(1, "rate_limit_exceeded"),
        call(1, 2, resend=1),
        refused(2, "429"),
        refused(3, "ThrottlingException"),
        refused(4, "timeout"),
        replace(answered(5, "rate_limit"), cost=UNPRICED),
    ).totals

    assert (totals.attempts, totals.calls, totals.retries, totals.errors) == (6, 5, 1, 3)
    assert (totals.rate_limited, totals.unpriced) == (3, 2)


def test_an_empty_success_is_found(store: Store) -> None:
    """No tokens and no error is told, with the trace; embeddings have none, and unknown usage is not empty."""
    made = answered(4, "stop", tokens=0)
    answer = asked(
        store,
        answered(1, "stop", tokens=0, at=50),
        answered(2, tokens=0, operation="embeddings"),
        call(3, 1),
        replace(made, span=replace(made.span, status=Status.ERROR)),
    )

    assert answer.totals.empty == 1
    assert answer.empty == (EmptySample(trace_id=trace_id(1), provider="openai", model="gpt", time=T0 / SECOND + 50),)


def test_incomplete_answers_are_counted(store: Store) -> None:
    """A stream that ended before its end is told of."""
    made = answered(1, at=3)
    said = made.facts.call
    assert said is not None
    broken = replace(made, facts=replace(made.facts, call=replace(said, incomplete=True)))

    assert asked(store, broken, answered(2)).totals.incomplete == 1


def test_models_and_steps_add_up(store: Store) -> None:
    """Figures by model and over time are the total's, and each step is there."""
    answer = asked(
        store, *(answered(n, "length", at=n * 9, tokens=0) for n in range(10)), call(99, 1, at=5, model="new")
    )

    assert [(one.model, one.figures.attempts, one.figures.empty) for one in answer.models] == [
        ("gpt", 10, 10),
        ("new", 1, 0),
    ]
    assert sum(one.figures.cut for one in answer.buckets) == sum(one.figures.empty for one in answer.buckets) == 10
    assert len(answer.buckets) == 50  # of two seconds


def test_a_name_is_told_by_number_word_and_time(store: Store) -> None:
    """Means and medians are of numbers, shares of words; a score sent again counts once."""
    given = (
        score(1, value=0.25, label="pass", at=1),
        score(1, value=0.25, label="pass", at=1),
        score(2, value=0.75, label="pass", at=2),
        score(3, value=0.8, label="fail", at=60),
        score(4, at=61),
    )
    answer = asked(store, scores=given)
    store.write([replace(batch(tag="again"), scores=given)])

    again = asked(store)
    one = named(again)["relevance"]
    assert named(answer)["relevance"] == one
    assert (one.count, one.mean, one.p50) == (4, 0.6, 0.75)
    assert one.labels == (
        LabelShare(label="pass", count=2, share=0.5),
        LabelShare(label="fail", count=1, share=0.25),
        LabelShare(label=None, count=1, share=0.25),
    )
    assert [(bucket.start - T0 / SECOND, bucket.count, bucket.mean) for bucket in one.over_time] == [
        (0, 1, 0.25),
        (2, 1, 0.75),
        (60, 2, 0.8),
    ]


def test_scores_go_to_the_call_that_was_judged(store: Store) -> None:
    """Where the span judged is a call, its model and prompt are told; other scores count all the same."""
    answer = asked(
        store,
        answered(1, "stop"),
        call(2, 1, model="new"),
        scores=(score(1, value=1.0), score(1, value=0.0, at=2), score(2, value=0.5), score(77, value=0.1), score(None)),
    )

    one = named(answer)["relevance"]
    assert one.count == 5
    assert one.judged == (
        ScoreGroup(provider="openai", model="gpt", prompt_name="greet", prompt_version="2", count=2, mean=0.5),
        ScoreGroup(provider="openai", model="new", prompt_name=None, prompt_version=None, count=1, mean=0.5),
    )


def test_feedback_is_up_or_down(store: Store) -> None:
    """What users said counts by the word, else by the number; stars are neither, and a check is no user."""
    said = [
        score(1, "thumbs", 1.0, source="user"),
        score(2, "thumbs", None, "Thumbs Down", source="user"),
        score(3, "thumbs", 1.0, "down", source="user"),
        score(4, "thumbs", -1.0, source="user"),
        score(5, "stars", 4.0, source="user"),
        score(6, "relevance", 1.0, source="check"),
    ]

    assert asked(store, scores=tuple(said)).scores.feedback == Feedback(up=1, down=3, other=1, share_up=0.25)


@pytest.mark.parametrize(
    ("narrowed", "calls", "scores"),
    [
        ({}, 2, 3),
        ({"service": "db"}, 1, 1),
        ({"model": "new"}, 1, 1),
        ({"service": "db", "model": "new"}, 1, 0),
        ({"text": "nowhere"}, 0, 0),
    ],
)
def test_calls_and_scores_are_narrowed(store: Store, narrowed: dict[str, str], calls: int, scores: int) -> None:
    """Service and environment hold of the score itself, other filters of the call that was judged."""
    answer = asked(
        store,
        answered(1, "stop"),
        call(2, 1, model="new", sender=resource("db")),
        scores=(score(1), score(2, "a"), score(None, "b", service="db")),
        **narrowed,
    )

    assert (answer.totals.calls, len(answer.scores.names)) == (calls, scores)


def test_of_very_many_scores_the_newest_are_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound the newest scores are read, fewer are brought to their calls, and it is said since when."""
    monkeypatch.setattr(question, "MOST_SCORES", 30)
    monkeypatch.setattr(question, "MOST_JUDGED", 10)
    calls = [answered(n, "stop", at=n) for n in range(90)]

    answer = asked(store, *calls, scores=tuple(score(n, at=n, value=1.0) for n in range(90))).scores

    assert answer.seen == 90
    assert 25 <= answer.names[0].count <= 30
    assert answer.judged_since > answer.since > T0 / SECOND
    assert 5 <= answer.names[0].judged[0].count <= 10


def test_summaries_say_the_same(store: Store) -> None:
    """Once calls are summarised, the figures are those of the calls, exactly."""
    ends = ("stop", "length", "content_filter")
    store.write(
        [batch(*(answered(n, ends[n % 3], at=n * 20, tokens=n % 2) for n in range(30)), refused(99, "429", at=130))]
    )
    end_ns = T0 + 700 * SECOND
    before = quality(store, start_ns=T0, end_ns=end_ns, step_ns=60 * SECOND)

    assert store.roll_up(end_ns + 100 * SECOND) > 0

    assert quality(store, start_ns=T0, end_ns=end_ns, step_ns=60 * SECOND) == before
    assert (before.totals.attempts, before.totals.cut, before.totals.rate_limited, before.totals.empty) == (
        31,
        10,
        1,
        15,
    )


def test_nothing_is_zero(store: Store) -> None:
    """Without calls and scores there are no figures, and a range without steps is refused."""
    answer = asked(store)

    assert (answer.totals.attempts, answer.models, answer.reasons, answer.scores.names) == (0, (), (), ())
    assert answer.scores.feedback == Feedback(up=0, down=0, other=0, share_up=None)
    with pytest.raises(QueryError, match="range is empty"):
        quality(store, start_ns=2, end_ns=2)
    with pytest.raises(QueryError, match="more than 500 steps"):
        quality(store, start_ns=0, end_ns=END, step_ns=1)
