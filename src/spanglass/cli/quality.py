"""`spanglass quality`: how good the answers are."""

from __future__ import annotations

from typing import Final

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import FILTERS, Asking, question, within
from spanglass.cli.figures import UNKNOWN, count, percent
from spanglass.cli.summary import NONE
from spanglass.cli.table import Cell, Column, Screen, errors_cell

app = typer.Typer()
_OF_ATTEMPTS: Final = (
    ("rate_limited", "Rate limited"),
    ("retries", "Retries"),
    ("incomplete", "Incomplete"),
    ("cut", "Cut at a limit"),
    ("filtered", "Filtered"),
    ("empty", "Empty successes"),
    ("unpriced", "Unpriced"),
)
_MODELS: Final = (
    Column("model", least=16),
    Column("calls", right=True),
    Column("errors", right=True),
    Column("limited", right=True, spare=3),
    Column("incomplete", right=True, spare=4),
    Column("cut", right=True, spare=1),
    Column("filtered", right=True, spare=5),
    Column("empty", right=True, spare=2),
)
_REASONS: Final = (
    Column("reason", least=12),
    Column("means"),
    Column("answers", right=True),
    Column("share", right=True),
)
_SCORES: Final = (
    Column("name", least=14),
    Column("scores", right=True),
    Column("mean", right=True),
    Column("p50", right=True, spare=1),
    Column("labels", spare=2, least=16),
)
_JUDGED: Final = (
    Column("score", least=12),
    Column("prompt", spare=1, least=12),
    Column("version", spare=1),
    Column("model", least=12),
    Column("scores", right=True),
    Column("mean", right=True),
)
_EMPTY: Final = (Column("time"), Column("trace"), Column("model", least=12))


@question(app, *within("24h"), *FILTERS, example="spanglass quality --since 7d --model gpt-5")
def quality(ask: Asking) -> None:
    """Show how good the answers are: why they ended, failures that nobody is told of, scores and feedback."""
    ask.show("/api/v1/quality", _draw)


def _draw(ask: Asking, screen: Screen, answer: Part) -> None:
    ask.range(screen, answer)
    totals, scores = answer.part("totals"), answer.part("scores")
    if not totals.count("attempts") and not scores.parts("names"):
        ask.nothing(screen, "model calls or scores")
        return
    screen.line()
    calls, attempts = totals.count("calls") or 0, totals.count("attempts") or 0
    screen.facts(
        ("Calls", count(calls)),
        ("Failed for good", _share(totals.count("errors"), calls)),
        ("Attempts", count(attempts) if attempts != calls else ""),
        *((label, _share(totals.count(name), attempts)) for name, label in _OF_ATTEMPTS),
    )
    if models := answer.parts("models"):
        screen.heading("By model")
        screen.table(_MODELS, [_model(model) for model in models])
    if reasons := answer.parts("reasons"):
        screen.heading("Why answers ended")
        screen.table(_REASONS, [_reason(reason) for reason in reasons])
    _scores(screen, scores)
    if empty := answer.parts("empty"):
        screen.heading("Empty answers told to be a success")
        screen.table(_EMPTY, [_empty(ask, screen, sample) for sample in empty])


def _share(part: int | None, whole: int) -> str:
    return f"{count(part)}, {percent(part, whole)}" if part else ""


def _model(model: Part) -> tuple[Cell, ...]:
    figures = model.part("figures")
    others = ("rate_limited", "incomplete", "cut", "filtered", "empty")
    return (
        model.text("model") or NONE,
        count(figures.count("calls")),
        errors_cell(figures.count("errors")),
        *(count(figures.count(name)) for name in others),
    )


def _reason(reason: Part) -> tuple[Cell, ...]:
    means = reason.text("meaning") or ""
    return (reason.text("reason") or UNKNOWN, means, count(reason.count("count")), percent(reason.number("share")))


def _scores(screen: Screen, scores: Part) -> None:
    names = scores.parts("names")
    if names:
        screen.heading("Scores")
        screen.table(_SCORES, [_score(score) for score in names])
    judged = [(score, group) for score in names for group in score.parts("judged")]
    if judged:
        screen.heading("Scores by what was judged")
        screen.table(_JUDGED, [_group(score, group) for score, group in judged])
    feedback = scores.part("feedback")
    up, down, other = (feedback.count(name) or 0 for name in ("up", "down", "other"))
    if up or down or other:
        screen.heading("What users said")
        screen.facts(("Up", f"{count(up)}, {percent(up, up + down)}"), ("Down", count(down)), ("Other", count(other)))


def _score(score: Part) -> tuple[Cell, ...]:
    labels = [f"{part.text('label') or NONE} {percent(part.number('share'))}" for part in score.parts("labels")]
    named = any(part.text("label") for part in score.parts("labels"))
    return (
        score.text("name") or UNKNOWN,
        count(score.count("count")),
        _number(score.number("mean")),
        _number(score.number("p50")),
        ", ".join(labels) if named else "",
    )


def _group(score: Part, group: Part) -> tuple[Cell, ...]:
    return (
        score.text("name") or UNKNOWN,
        group.text("prompt_name") or "",
        group.text("prompt_version") or "",
        group.text("model") or NONE,
        count(group.count("count")),
        _number(group.number("mean")),
    )


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.3g}"


def _empty(ask: Asking, screen: Screen, sample: Part) -> tuple[Cell, ...]:
    return ask.clock.at(sample.number("time")), screen.identifier(sample.text("trace_id")), sample.text("model") or NONE
