"""What was said of answers: scores of checks, reviewers and users, by name, over time, by model and prompt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from spanglass.server.query.figures import count, number, percentiles, text
from spanglass.server.query.filters import Conditions, Filters
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Parameter, Row, Store

MOST_SCORES: Final = 100_000
"""Scores that are read, the newest."""
MOST_JUDGED: Final = 20_000
"""Of those, how many are brought together with the calls that were judged."""
_LATE_NS: Final = 86_400_000_000_000
"""How long after a call it may be judged to be brought together with it."""
_STEPS: Final = 128
_MOST_ROWS: Final = 20_000
_MOST_NAMES: Final = 100
_MOST_PARTS: Final = 20
_SECOND: Final = 1_000_000_000
_UP: Final = frozenset({"up", "thumbs_up", "thumb_up", "thumbsup", "positive", "like", "liked", "good", "yes", "true"})
_DOWN: Final = frozenset(
    {"down", "thumbs_down", "thumb_down", "thumbsdown", "negative", "dislike", "disliked", "bad", "no", "false"}
)
_UP_OR_DOWN: Final = {1.0: "up", 0.0: "down", -1.0: "down"}
_OWN: Final = frozenset({"service", "environment"})
"""Filters that hold of scores themselves; others hold of the span that was judged."""


class LabelShare(msgspec.Struct, frozen=True, kw_only=True):
    """How often a score was this word; `share` of all scores of the name, 0 to 1, null for those without a word."""

    label: str | None
    count: int
    share: float


class ScoreBucket(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of one step of time; `start` in Unix seconds. Steps without scores are absent."""

    start: float
    count: int
    mean: float | None


class ScoreGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of answers of one model to one prompt.

    Attributes:
        provider: Who answered.
        model: The model asked for, else the one that answered.
        prompt_name: The prompt template.
        prompt_version: Its version.
        count: Scores.
        mean: Of those that are numbers.
    """

    provider: str | None
    model: str | None
    prompt_name: str | None
    prompt_version: str | None
    count: int
    mean: float | None


class NamedScore(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of one name.

    Attributes:
        name: What was judged.
        count: Scores; one that was sent again counts once.
        mean: Of those that are numbers.
        p50: Half of these are no higher.
        labels: Most frequent first, at most 20.
        over_time: In order.
        judged: By the call that was judged, where it is known; most frequent first, at most 20.
    """

    name: str
    count: int
    mean: float | None
    p50: float | None
    labels: tuple[LabelShare, ...]
    over_time: tuple[ScoreBucket, ...]
    judged: tuple[ScoreGroup, ...]


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    """What users said.

    Attributes:
        up: A word such as up or like, or the number 1.
        down: A word such as down or dislike, or the numbers 0 and -1.
        other: Anything else, such as stars.
        share_up: Of those up or down, 0 to 1; null without any.
    """

    up: int
    down: int
    other: int
    share_up: float | None


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of answers.

    Attributes:
        since: Scores given before, Unix seconds, are not read: the range has more than 100,000. Else its start.
        seen: Scores of the range, of the service and environment asked for; those sent again among them.
        judged_since: Scores are brought together with calls from here on: the newest 20,000, about.
        names: Most scores first, at most 100.
        feedback: Of scores that say they are a user's.
    """

    since: float
    seen: int
    judged_since: float
    names: tuple[NamedScore, ...]
    feedback: Feedback


class _Given(NamedTuple):
    """Which scores are read: their table and its parameters."""

    sql: str
    parameters: Mapping[str, Parameter]

    def select(self, store: Store, name: str, **more: Parameter) -> Sequence[Row]:
        sql = statement(name, given=self.sql)
        return store.select(sql, {**self.parameters, **more})


def scores(store: Store, *, start_ns: int, end_ns: int, step_ns: int, filters: Filters) -> Scores:
    """Return what was said of answers in a range.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.
        step_ns: Width of a step over time.
        filters: Service and environment of the score itself; others of the span that was judged, at most a day later.

    Raises:
        QueryError: A filter is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    own = Conditions(Filters(service=filters.service, environment=filters.environment))
    width_ns = max(1, (end_ns - start_ns) // _STEPS)
    asked = {**own.parameters, "start_ns": start_ns, "end_ns": end_ns, "step_ns": width_ns}
    steps = store.select(statement("scores_steps", filters=own.each_span()), asked)
    by_step = {count(row["step"]) * width_ns: count(row["given"]) for row in steps}
    since_ns, judged_ns = (_since(by_step, most, start_ns, end_ns) for most in (MOST_SCORES, MOST_JUDGED))
    where, parameters = _narrowed(filters, since_ns, end_ns)
    given = _Given(
        statement("scores_given", filters=own.each_span() + where),
        {**own.parameters, **parameters, "end_ns": end_ns, "since_ns": since_ns},
    )
    newest = given._replace(parameters={**given.parameters, "since_ns": judged_ns})
    spans_ns = max(0, judged_ns - _LATE_NS)
    judged = newest.select(store, "scores_judged", spans_ns=spans_ns, most=_MOST_ROWS) if by_step else ()
    named = given.select(store, "scores_named", step_ns=step_ns, most=_MOST_ROWS) if by_step else ()
    middles = {row["name"]: percentiles(row["spread"]).p50 for row in given.select(store, "scores_spread")}
    return Scores(
        since=since_ns / _SECOND,
        seen=sum(by_step.values()),
        judged_since=judged_ns / _SECOND,
        names=tuple(replace(one, p50=middles.get(one.name)) for one in _names(named, judged, step_ns)),
        feedback=_feedback(given.select(store, "scores_feedback", most=_MOST_ROWS)),
    )


def _narrowed(filters: Filters, since_ns: int, end_ns: int) -> tuple[str, Mapping[str, Parameter]]:
    """Return the condition on the spans that were judged, if there is any, and its parameters."""
    others = {name: getattr(filters, name) for name in filters.__struct_fields__ if name not in _OWN}
    if all(value is None for value in others.values()):
        return "", {}
    judged = Conditions(Filters(**others))
    spans = statement("scores_of_spans", filters=judged.each_span())
    bounds: Mapping[str, Parameter] = {"start_ns": max(0, since_ns - _LATE_NS), "end_ns": end_ns}
    return f"\n  AND (trace_key, span_id) IN (\n{spans}\n)", {**judged.parameters, **bounds}


def _since(by_step: Mapping[int, int], most: int, start_ns: int, end_ns: int) -> int:
    """Return from when on there are no more than so many, in whole steps but at least one."""
    since_ns, found = end_ns, 0
    for begins_ns in sorted(by_step, reverse=True):
        if found and found + by_step[begins_ns] > most:
            return max(start_ns, since_ns)
        found += by_step[begins_ns]
        since_ns = begins_ns
    return start_ns


def _names(rows: Sequence[Row], judged: Sequence[Row], step_ns: int) -> list[NamedScore]:
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(str(row["name"]), []).append(row)
    groups: dict[str, list[ScoreGroup]] = {}
    for row in judged:
        groups.setdefault(str(row["judged_name"]), []).append(_judged(row))
    made = [_named(name, of_name, groups.get(name, ()), step_ns) for name, of_name in by_name.items()]
    return sorted(made, key=lambda one: (-one.count, one.name))[:_MOST_NAMES]


def _named(name: str, rows: Sequence[Row], judged: Sequence[ScoreGroup], step_ns: int) -> NamedScore:
    times = sum(count(row["times"]) for row in rows)
    labels: Counter[str | None] = Counter()
    steps: dict[int, list[Row]] = {}
    for row in rows:
        labels[text(row["label"])] += count(row["times"])
        steps.setdefault(count(row["step"]), []).append(row)
    ranked = sorted(labels.items(), key=lambda item: (-item[1], item[0] is None, item[0] or ""))
    return NamedScore(
        name=name,
        count=times,
        mean=_mean(rows),
        p50=None,
        labels=tuple(LabelShare(label=label, count=said, share=said / times) for label, said in ranked[:_MOST_PARTS]),
        over_time=tuple(
            ScoreBucket(
                start=step * step_ns / _SECOND,
                count=sum(count(row["times"]) for row in steps[step]),
                mean=_mean(steps[step]),
            )
            for step in sorted(steps)
        ),
        judged=tuple(judged[:_MOST_PARTS]),
    )


def _judged(row: Row) -> ScoreGroup:
    return ScoreGroup(
        provider=text(row["provider"]),
        model=text(row["model"]),
        prompt_name=text(row["prompt_name"]),
        prompt_version=text(row["prompt_version"]),
        count=count(row["times"]),
        mean=_mean([row]),
    )


def _mean(rows: Sequence[Row]) -> float | None:
    """Return the mean of what are numbers, to nine digits: engines add in any order."""
    numbers = sum(count(row["numbers"]) for row in rows)
    total = sum(number(row["total"]) for row in rows if row["total"] is not None)
    return float(f"{total / numbers:.9g}") if numbers else None


def _feedback(rows: Sequence[Row]) -> Feedback:
    said: Counter[str] = Counter()
    for row in rows:
        said[_verdict(text(row["label"]), row["score"])] += count(row["times"])
    decided = said["up"] + said["down"]
    share = said["up"] / decided if decided else None
    return Feedback(up=said["up"], down=said["down"], other=said["other"], share_up=share)


def _verdict(label: str | None, score: object) -> str:
    """Return up, down or other; the word counts before the number."""
    word = "" if label is None else label.lower().replace(" ", "_").replace("-", "_")
    if word in _UP or word in _DOWN:
        return "up" if word in _UP else "down"
    return _UP_OR_DOWN.get(score, "other") if isinstance(score, float) else "other"
