"""`spanglass cost`: what the calls cost, for whom, and what the month will."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import FILTERS, PAGE, Asking, question, within
from spanglass.cli.figures import UNKNOWN, dollars, money, money_in_full, percent, sparkline
from spanglass.cli.moment import local_zone
from spanglass.cli.summary import NONE, SUMS, sums
from spanglass.cli.table import Cell, Column, Screen

app = typer.Typer()
_DIMENSIONS = "feature, user, session, prompt, model, provider, service, environment, operation or tag"


@question(app, *within("7d"), *FILTERS, *PAGE, example="spanglass cost --since 30d --by model")
def cost(
    ask: Asking,
    by: Annotated[str, typer.Option(metavar="DIMENSION", help=f"Told apart by {_DIMENSIONS}.")] = "feature",
) -> None:
    """Show what the calls cost: in total, by day, this month and as it will end, and by a dimension.

    A total that begins with >= is a lower bound: some calls have no price. One with ~ rests on an estimate.
    """
    ask.show("/api/v1/cost", _draw, {"by": by, "zone": ask.zone or local_zone()})


def _draw(ask: Asking, screen: Screen, answer: Part) -> None:
    ask.range(screen, answer)
    total, groups = answer.part("total"), answer.parts("groups")
    if not total.count("attempts"):
        ask.nothing(screen, "model calls")
        return
    paid, before = total.part("cost"), answer.part("before")
    screen.line()
    screen.facts(
        ("Total", f"{money_in_full(paid)}{_change(paid.amount('amount'), before)}"),
        _month(ask, answer.part("month")),
        ("Caches", _savings(ask)),
        ("By day", sparkline([float(day.part("cost").amount("amount") or 0) for day in answer.parts("days")])),
    )
    by = answer.text("by") or ""
    screen.heading(f"By {by}")
    columns = (
        Column(by, least=16),
        Column("version", spare=5),
        *SUMS,
        Column("share", right=True),
        Column("before", right=True, spare=6),
    )
    if groups:
        screen.table(columns, [_row(group, paid.amount("amount")) for group in groups])
    else:
        screen.line(f"No call has a {by}.")
    ask.pages(screen, answer)


def _row(group: Part, total: Decimal | None) -> tuple[Cell, ...]:
    calls = group.part("figures")
    amount = calls.part("cost").amount("amount")
    share = UNKNOWN if amount is None or not total else percent(float(amount), float(total))
    before = dollars(group.amount("before"))
    return (group.text("key") or NONE, group.text("version") or "", *sums(calls), share, before)


def _change(amount: Decimal | None, before: Part) -> str:
    """Return how much more or less it is than in the period before."""
    earlier = before.amount("amount")
    if amount is None or not earlier:
        return ""
    times = float(amount / earlier)
    if times >= 10:
        return f"; {times:,.0f} times the period before ({money(before)})"
    word = "more" if times >= 1 else "less"
    return f"; {percent(abs(times - 1))} {word} than the period before ({money(before)})"


def _month(ask: Asking, month: Part) -> tuple[str, str]:
    """Return the month in which the range ends: its label, and what it cost and will cost."""
    is_over = (month.number("end") or 0.0) <= ask.clock.now
    said = [f"{money(month.part('to_date'))} {'by then' if is_over else 'so far'}"]
    if (projected := month.amount("projected")) is not None:
        word = ">=" if month.part("to_date").count("unpriced") else "about"
        said.append(f"{word} {dollars(projected)} at its end")
    if month.part("before").amount("amount") is not None:
        said.append(f"{money(month.part('before'))} the month before")
    return "That month" if is_over else "This month", ", ".join(said)


def _savings(ask: Asking) -> str:
    """Return what prompt caches saved."""
    filters = {name: value for name, value in ask.query.items() if name not in {"limit", "cursor"}}
    saved = ask.narrowed(filters).ask("/api/v1/savings")
    amount = saved.amount("saved")
    if amount is None:
        return ""
    share = percent(saved.count("cache_read_tokens"), saved.count("input_tokens"))
    return f"{'saved' if amount >= 0 else 'cost'} {dollars(abs(amount))}; {share} of the input was read from them"
