"""`spanglass reprice`: what stored calls cost by the present price table."""

from __future__ import annotations

from typing import Annotated

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import ENVIRONMENT, EVER, FILTERS, SERVICE, Asking, question
from spanglass.cli.figures import count, dollars
from spanglass.cli.job import run
from spanglass.cli.table import Cell, Column, Screen, money_cell

app = typer.Typer()
_MODEL = next(row for row in FILTERS if row.name == "model")
_COLUMNS = (Column("cost"), Column("stored", right=True), Column("now", right=True))
_STATES = ("reported", "computed", "estimated")


@question(app, *EVER, SERVICE, ENVIRONMENT, _MODEL, example="spanglass reprice --since 30d --model gpt-5")
def reprice(
    ask: Asking,
    apply: Annotated[bool, typer.Option("--apply", help="Write the new costs; else they are only shown.")] = False,
) -> None:
    """Price stored calls by the server's present price table. What a provider reported stays as it is."""
    names = {"from": "start", "to": "end"}
    asked = {names.get(name, name): value for name, value in ask.query.items() if value is not None}
    job = run(ask, "/api/v1/reprice", {**asked, "apply": apply}, what="Pricing calls")
    if job is not None:
        _draw(Screen(), job.part("repricing"))


def _draw(screen: Screen, found: Part) -> None:
    calls, changed, kept = (found.count(name) or 0 for name in ("calls", "changed", "kept"))
    stays = f" {count(kept)} more have a cost that their provider reported, which stays." if kept else ""
    screen.line(f"{count(calls)} calls, {count(changed)} of them with another cost now.{stays}")
    before, after = found.part("before"), found.part("after")
    rows: list[list[Cell]] = [["in all", money_cell(before), money_cell(after)]]
    rows += [
        [state, _amount(before, state), _amount(after, state)]
        for state in _STATES
        if before.amount(state) is not None or after.amount(state) is not None
    ]
    rows.append(["calls without a price", count(before.count("unpriced")), count(after.count("unpriced"))])
    screen.table(_COLUMNS, rows)
    screen.line(f"Prices: {found.text('table')}.")
    if found.flag("applied"):
        screen.line("The new costs are written; sums by minute and hour follow within a minute.")
    elif changed:
        screen.line("Nothing was written. Write the new costs with --apply.")


def _amount(cost: Part, state: str) -> str:
    amount = cost.amount(state)
    return "" if amount is None else dollars(amount)
