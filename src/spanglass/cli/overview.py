"""`spanglass overview`: how the model calls are doing."""

from __future__ import annotations

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import FILTERS, Asking, question, within
from spanglass.cli.figures import count, interval, money_in_full, percent, plural, sparkline
from spanglass.cli.summary import FIGURES, NONE, figures, latency, tokens
from spanglass.cli.table import Cell, Column, Screen

app = typer.Typer()
_COLUMNS = (Column("model", least=16), Column("provider", spare=2, least=10), *FIGURES)


@question(app, *within("1h"), *FILTERS, example="spanglass overview --since 24h --environment production")
def overview(ask: Asking) -> None:
    """Show how the model calls are doing: calls, errors, cost, tokens and times, over time and by model."""
    ask.show("/api/v1/overview", _draw)


def _draw(ask: Asking, screen: Screen, answer: Part) -> None:
    totals = answer.part("totals")
    ask.range(screen, answer)
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


def _row(model: Part) -> tuple[Cell, ...]:
    return (model.text("model") or NONE, model.text("provider") or "", *figures(model.part("figures")))
