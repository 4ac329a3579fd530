"""`spanglass traces`: which traces are there."""

from __future__ import annotations

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import FILTERS, PAGE, Asking, question, within
from spanglass.cli.figures import UNKNOWN, count, duration
from spanglass.cli.summary import tokens
from spanglass.cli.table import Cell, Column, Screen, errors_cell, money_cell, name_cell

app = typer.Typer()
_COLUMNS = (
    Column("time"),
    Column("trace"),
    Column("name", least=20),
    Column("service", spare=3, least=12),
    Column("environment", spare=9, least=8),
    Column("duration", right=True),
    Column("first token", right=True, spare=5),
    Column("calls", right=True, spare=2),
    Column("errors", right=True, spare=7),
    Column("tokens", right=True, spare=4),
    Column("cost", right=True),
    Column("models", spare=6, least=14),
    Column("user", spare=8, least=8),
    Column("session", spare=8, least=8),
    Column("feature", spare=8, least=8),
)


@question(app, *within("1h"), *FILTERS, *PAGE, example="spanglass traces --since 24h --status error")
def traces(ask: Asking) -> None:
    """List traces, newest first, each with its time, tokens and cost.

    A filter holds of a trace when it holds of one of its spans.
    """
    ask.show("/api/v1/traces", draw)


def draw(ask: Asking, screen: Screen, answer: Part) -> None:
    """Print a page of traces."""
    found = answer.parts("traces")
    if not found:
        ask.nothing(screen, "traces")
        return
    screen.table(_COLUMNS, [_row(ask, screen, trace) for trace in found])
    ask.pages(screen, answer)
    if ask.query.get("cursor") is None and screen.width is not None:
        screen.command("See one:", f"spanglass trace {screen.identifier(found[0].text('trace_id'))}")


def _row(ask: Asking, screen: Screen, trace: Part) -> list[Cell]:
    return [
        ask.clock.at(trace.number("start")),
        screen.identifier(trace.text("trace_id")),
        name_cell(trace.text("name") or UNKNOWN, failed=trace.text("status") == "error"),
        trace.text("service") or UNKNOWN,
        trace.text("environment") or "",
        duration(trace.number("duration")),
        duration(trace.number("first_token")),
        count(trace.count("calls")),
        errors_cell(trace.count("errors")),
        tokens(trace.part("tokens"), brief=True),
        money_cell(trace.part("cost")),
        ", ".join(trace.texts("models")),
        trace.text("user_id") or "",
        trace.text("session_id") or "",
        trace.text("feature") or "",
    ]
