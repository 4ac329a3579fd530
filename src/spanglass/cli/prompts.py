"""`spanglass prompts`: which prompts are used, and how the versions of one compare."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import FILTERS, PAGE, Asking, question, within
from spanglass.cli.figures import UNKNOWN, compact, count, dollars
from spanglass.cli.summary import FIGURES, NONE, SUMS, figures, sums
from spanglass.cli.table import Cell, Column, Screen

app = typer.Typer()
_PROMPTS = (Column("prompt", least=16), Column("versions", right=True), *SUMS, Column("last used", spare=1))
_VERSIONS = (
    Column("version", least=8),
    *FIGURES,
    Column("a call", right=True, spare=2),
    Column("in a call", right=True, spare=6),
    Column("out a call", right=True, spare=6),
    Column("cut short", right=True, spare=7),
    Column("scores", spare=5, least=12),
    Column("models", spare=8, least=12),
    Column("last used", spare=9),
)


@question(app, *within("7d"), *FILTERS, *PAGE, example="spanglass prompts greeting --since 30d")
def prompts(
    ask: Asking,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A prompt, to see its versions.", show_default=False)
    ] = None,
) -> None:
    """Show the prompts that were used; of one, its versions beside each other."""
    if name is None:
        ask.show("/api/v1/prompts", _draw_all)
        return
    asked = ask.narrowed({key: value for key, value in ask.query.items() if key not in {"limit", "cursor"}})
    asked.show(f"/api/v1/prompts/{quote(name, safe='')}", _draw_one)


def _draw_all(ask: Asking, screen: Screen, answer: Part) -> None:
    ask.range(screen, answer)
    found = answer.parts("prompts")
    if not found:
        ask.nothing(screen, "calls that name a prompt")
        return
    screen.line()
    screen.table(_PROMPTS, [_prompt(ask, prompt) for prompt in found])
    ask.pages(screen, answer)


def _prompt(ask: Asking, prompt: Part) -> tuple[Cell, ...]:
    versions = count(prompt.count("versions"))
    return (
        prompt.text("name") or NONE,
        versions,
        *sums(prompt.part("figures")),
        ask.clock.at(prompt.number("last_used")),
    )


def _draw_one(ask: Asking, screen: Screen, answer: Part) -> None:
    ask.range(screen, answer)
    screen.heading(answer.text("name") or UNKNOWN)
    screen.table(_VERSIONS, [_version(ask, version) for version in answer.parts("versions")])


def _version(ask: Asking, version: Part) -> tuple[Cell, ...]:
    scores = [
        f"{score.text('name')} {_mean(score)} ({count(score.count('count'))})" for score in version.parts("scores")
    ]
    return (
        version.text("version") or NONE,
        *figures(version.part("figures")),
        dollars(version.amount("cost_a_call")),
        compact(version.number("input_tokens_a_call")),
        compact(version.number("output_tokens_a_call")),
        count(version.count("cut_short")),
        ", ".join(scores),
        ", ".join(version.texts("models")),
        ask.clock.at(version.number("last_used")),
    )


def _mean(score: Part) -> str:
    mean = score.number("mean")
    return UNKNOWN if mean is None else f"{mean:.2f}"
