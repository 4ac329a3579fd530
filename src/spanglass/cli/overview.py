"""`spanglass overview`: how the model calls are doing."""

from __future__ import annotations

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import FILTERS, RANGE, Asking, question
from spanglass.cli.figures import count, duration, interval, money_in_full, percent, plural, sparkline
from spanglass.cli.summary import latency, tokens
from spanglass.cli.table import Cell, Column, Screen, errors_cell, money_cell

app = typer.Typer()
_COLUMNS = (
    Column("model", least=16),
    Column("provider", spare=2, least=10),
    Column("calls", right=True),
    Column("errors", right=True),
    Column("p50", right=True, spare=3),
    Column("p95", right=True),
    Column("first token", right=True, spare=1),
    Column("tokens", right=True, spare=4),
    Column("cost", right=True),
)


@question(app, *RANGE, *FILTERS, example="spanglass overview --since 24h --environment production")
def overview(ask: Asking) -> None:
    """Show how the model calls are doing: calls, errors, cost, tokens and times, over time and by model."""
    ask.show("/api/v1/overview", _draw)


def _draw(ask: Asking, screen: Screen, answer: Part) -> None:
    totals = answer.part("totals")
    screen.line(ask.clock.span(answer.number("start"), answer.number("end")))
    if not totals.count("attempts"):
        ask.nothing(screen, "model calls")
        return
    calls, errors, retries = (totals.count(name) or 0 for name in ("calls", "errors", "retries"))
    screen.line()
    screen.facts(
        ("Calls", f"{count(calls)}, {plural(retries, 'retry', 'retries')}" if retries else count(calls)),
        ("Errors", f"{count(errors)}, {percent(errors, calls)} of calls" if errors else "0"),
        ("Cost", money_in_full(totals.part("cost"))),
        ("Tokens", tokens(totals.part("tokens"))),
        ("Duration", latency(totals.part("duration"))),
        ("First token", latency(totals.part("first_token"))),
    )
    _over_time(screen, answer)
    if models := answer.parts("models"):
        screen.heading("By model")
        screen.table(_COLUMNS, [_row(model) for model in models])


def _over_time(screen: Screen, answer: Part) -> None:
    buckets = [bucket.part("figures") for bucket in answer.parts("buckets")]
    if len(buckets) < 2:
        return
    costs = [figures.part("cost").amount("amount") for figures in buckets]
    lines = (
        ("Calls", [float(figures.count("calls") or 0) for figures in buckets]),
        ("Errors", [float(figures.count("errors") or 0) for figures in buckets]),
        ("Cost", [float(cost or 0) for cost in costs]),
        ("p95", [figures.part("duration").number("p95") or 0.0 for figures in buckets]),
    )
    screen.heading(f"Over time, {interval(answer.number('step'))} a bar")
    screen.facts(*((name, sparkline(values)) for name, values in lines if any(values)))


def _row(model: Part) -> list[Cell]:
    figures = model.part("figures")
    times = figures.part("duration")
    return [
        model.text("model") or "not said",
        model.text("provider") or "",
        count(figures.count("calls")),
        errors_cell(figures.count("errors")),
        duration(times.number("p50")),
        duration(times.number("p95")),
        duration(figures.part("first_token").number("p50")),
        tokens(figures.part("tokens"), brief=True),
        money_cell(figures.part("cost")),
    ]
