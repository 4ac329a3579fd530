"""`spanglass sources`: whether all that was sent arrived."""

from __future__ import annotations

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import Asking, question, within
from spanglass.cli.figures import UNKNOWN, count
from spanglass.cli.table import Cell, Column, Screen, errors_cell

app = typer.Typer()
_COLUMNS = (
    Column("service", least=10),
    Column("environment", spare=2, least=8),
    Column("instance", spare=1),
    Column("reported", spare=3),
    Column("signal"),
    Column("sent", right=True),
    Column("stored", right=True),
    Column("missing", right=True),
    Column("dropped before", least=10),
)


@question(app, *within("1h"), example="spanglass sources --since 24h")
def sources(ask: Asking) -> None:
    """Show whether all that was sent arrived: what each process says it sent and dropped, and what is stored of it."""
    ask.show("/api/v1/sources", _draw)


def _draw(ask: Asking, screen: Screen, answer: Part) -> None:
    rows = [
        _row(ask, screen, source, signal)
        for source in answer.parts("sources")
        for signal in source.parts("signals")
        if signal.count("sent") or signal.count("stored") or signal.parts("dropped")
    ]
    if not rows:
        screen.line("No process reported of itself in this range; the SDK's own metrics are what is read here.")
        screen.line("Look further back, as with --since 30d. If nothing was ever sent, spanglass doctor finds out why.")
        return
    screen.table(_COLUMNS, rows)


def _row(ask: Asking, screen: Screen, source: Part, signal: Part) -> list[Cell]:
    drops = [f"{count(drop.count('items'))} {drop.text('reason') or UNKNOWN}" for drop in signal.parts("dropped")]
    return [
        source.text("service") or UNKNOWN,
        source.text("environment") or "",
        screen.identifier(source.text("instance")),
        ask.clock.at(source.number("reported")),
        signal.text("signal") or UNKNOWN,
        count(signal.count("sent")),
        count(signal.count("stored")),
        errors_cell(signal.count("missing")),
        ", ".join(drops),
    ]
