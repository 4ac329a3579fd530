"""`spanglass search`: spans that satisfy a query."""

from __future__ import annotations

from typing import Annotated

import typer

from spanglass.cli import spans
from spanglass.cli.answer import Part
from spanglass.cli.asking import FILTERS, PAGE, Asking, question, within
from spanglass.cli.table import Screen

app = typer.Typer()


@question(
    app,
    *within("24h"),
    *(row for row in FILTERS if row.name != "where"),
    *PAGE,
    example="spanglass search 'model:gpt-5* duration>2s \"refund\"' --since 7d",
)
def search(
    ask: Asking,
    query: Annotated[
        str,
        typer.Argument(metavar="QUERY", help="Such as status:error cost>0.01 or user:ann; docs/search.md has it all."),
    ],
) -> None:
    """Find spans, newest first: by service, model, status, duration, cost, tokens, any attribute, or what was said.

    It looks for 2 seconds at most, says how far back that was, and goes on from there with --cursor.
    """
    ask.show("/api/v1/search", _draw, {"q": query})


def _draw(ask: Asking, screen: Screen, answer: Part) -> None:
    found = answer.parts("spans")
    if found:
        screen.table(spans.SPANS, [spans.row(ask, screen, span) for span in found])
    elif answer.flag("complete"):
        ask.nothing(screen, "spans")
    back_to = answer.number("searched_back_to")
    if not answer.flag("complete") and not (found and found[-1].number("start") == back_to):  # else the page is full
        back = ask.clock.full(back_to)
        screen.line()
        screen.line(f"{'Looked' if found else 'Nothing found yet; looked'} back to {back}.")
    ask.pages(screen, answer)
