"""`spanglass users`: for whom models are called."""

from __future__ import annotations

from typing import Annotated

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import FILTERS, PAGE, Asking, question, within
from spanglass.cli.figures import plural
from spanglass.cli.summary import NONE, SUMS, sums
from spanglass.cli.table import Cell, Column, Screen

app = typer.Typer()
_COLUMNS = (Column("user", least=16), *SUMS, Column("last seen", spare=1), Column("first seen", spare=5))


@question(app, *within("7d"), *FILTERS, *PAGE, example="spanglass users --since 30d --sort errors")
def users(
    ask: Asking,
    sort: Annotated[
        str, typer.Option(metavar="ORDER", help="Most of these first: cost, calls, errors or tokens.")
    ] = "cost",
) -> None:
    """Show the users on whose behalf models were called, and what each cost."""
    ask.show("/api/v1/users", _draw, {"sort": sort})


def _draw(ask: Asking, screen: Screen, answer: Part) -> None:
    ask.range(screen, answer)
    found = answer.parts("users")
    if not found:
        ask.nothing(screen, "calls that name a user")
        return
    screen.line(plural(answer.count("total") or len(found), "user"))
    screen.line()
    screen.table(_COLUMNS, [_row(ask, user) for user in found])
    ask.pages(screen, answer)


def _row(ask: Asking, user: Part) -> tuple[Cell, ...]:
    seen = (ask.clock.at(user.number("last_seen")), ask.clock.at(user.number("first_seen")))
    return (user.text("user_id") or NONE, *sums(user.part("figures")), *seen)
