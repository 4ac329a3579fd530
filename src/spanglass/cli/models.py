"""`spanglass models`: which models are called."""

from __future__ import annotations

from typing import Annotated

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import FILTERS, PAGE, Asking, question, within
from spanglass.cli.figures import dollars
from spanglass.cli.summary import FIGURES, NONE, figures
from spanglass.cli.table import Cell, Column, Screen

app = typer.Typer()
_COLUMNS = (
    Column("model", least=16),
    Column("provider", spare=2, least=10),
    *FIGURES,
    Column("a call", right=True, spare=5),
)


@question(app, *within("24h"), *FILTERS, *PAGE, example="spanglass models --since 7d --sort cost")
def models(
    ask: Asking,
    sort: Annotated[
        str, typer.Option(metavar="ORDER", help="Most of these first: calls, cost, errors or tokens.")
    ] = "calls",
) -> None:
    """Show the models that were called: how often, how fast, how often they failed, what they cost."""
    ask.show("/api/v1/models", _draw, {"sort": sort})


def _draw(ask: Asking, screen: Screen, answer: Part) -> None:
    ask.range(screen, answer)
    found = answer.parts("models")
    if not found:
        ask.nothing(screen, "model calls")
        return
    screen.line()
    screen.table(_COLUMNS, [_row(model) for model in found])
    ask.pages(screen, answer)


def _row(model: Part) -> tuple[Cell, ...]:
    name = model.text("model") or NONE
    return (
        name,
        model.text("provider") or "",
        *figures(model.part("figures")),
        dollars(model.amount("cost_a_call")),
    )
