"""`spanglass attributes`: what can be searched by."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import FILTERS, Asking, question, within
from spanglass.cli.figures import UNKNOWN, count, plural
from spanglass.cli.table import Cell, Column, Screen

app = typer.Typer()
_COLUMNS: Final = (
    Column("attribute", least=24),
    Column("of", spare=1),
    Column("kind", spare=2),
    Column("spans", right=True),
    Column("such as", least=20),
)


@question(app, *within("24h"), *FILTERS, example="spanglass attributes http --service shop")
def attributes(
    ask: Asking,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Only names that hold this.", show_default=False)] = "",
) -> None:
    """Show the attributes of the newest spans, with examples: what `search` can find them by."""
    ask.show("/api/v1/attributes", _draw, {"name": text or None})


def _draw(ask: Asking, screen: Screen, answer: Part) -> None:
    found = answer.parts("attributes")
    if not found:
        ask.nothing(screen, "attributes")
        return
    read = f"Of {plural(answer.count('sampled') or 0, 'span')}"
    whole = "all of the range" if answer.flag("complete") else "the newest of the range"
    screen.line(f"{read}, {whole}.")
    screen.line()
    screen.table(_COLUMNS, [_row(attribute) for attribute in found])


def _row(attribute: Part) -> tuple[Cell, ...]:
    return (
        attribute.text("name") or UNKNOWN,
        attribute.text("of") or "",
        attribute.text("kind") or "",
        count(attribute.count("spans")),
        ", ".join(attribute.texts("examples")),
    )
