"""Rows of single spans, as search and the live tail show them."""

from __future__ import annotations

from typing import Final

from spanglass.cli.answer import Part
from spanglass.cli.asking import Asking
from spanglass.cli.figures import UNKNOWN, duration
from spanglass.cli.summary import named, tokens, work_label
from spanglass.cli.table import Cell, Column, Screen, name_cell, spend_cell

SPANS: Final = (
    Column("time"),
    Column("trace"),
    Column("name", least=20),
    Column("work", spare=2),
    Column("service", spare=4, least=12),
    Column("duration", right=True),
    Column("first token", right=True, spare=6),
    Column("tokens", right=True, spare=5),
    Column("cost", right=True, spare=1),
    Column("user", spare=7, least=8),
    Column("session", spare=8, least=8),
    Column("error", spare=3, least=16),
)
"""What `row` fills."""


def row(ask: Asking, screen: Screen, span: Part) -> tuple[Cell, ...]:
    """Return the cells of a span."""
    failed = span.text("status") == "error"
    calls = span.text("operation") is not None
    name = named(span.text("name") or UNKNOWN, span.text("model"))
    return (
        ask.clock.at(span.number("start")),
        screen.identifier(span.text("trace_id")),
        name_cell(name, failed=failed),
        work_label(span.text("work")),
        span.text("service") or "",
        duration(span.number("duration")),
        duration(span.number("first_token")),
        tokens(span.part("tokens"), brief=True) if calls else "",
        spend_cell(span.part("cost")) if calls else "",
        span.text("user_id") or "",
        span.text("session_id") or "",
        (span.text("error_message") or span.text("error_type") or "") if failed else "",
    )
