"""`spanglass tools`: which tools are called, and how they do."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import FILTERS, PAGE, Asking, question, within
from spanglass.cli.figures import UNKNOWN, count, duration, interval, percent, sparkline
from spanglass.cli.summary import NONE
from spanglass.cli.table import FAILURE, Cell, Column, Screen, errors_cell, styled

app = typer.Typer()
_TOOLS: Final = (
    Column("tool", least=16),
    Column("calls", right=True),
    Column("errors", right=True),
    Column("failed", right=True, spare=1),
    Column("p50", right=True),
    Column("p95", right=True),
    Column("p99", right=True, spare=5),
    Column("last failure", spare=3, least=20),
    Column("agents", spare=4, least=12),
    Column("last trace", spare=2),
)


@question(app, *within("24h"), *FILTERS, *PAGE, example="spanglass tools find_shoes --since 7d")
def tools(
    ask: Asking,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A tool, to see it over time.", show_default=False)
    ] = None,
) -> None:
    """Show the tools that were called: how often, how long they took, how often and why they failed."""
    ask.show("/api/v1/tools", _draw, {"tool": name})


def _draw(ask: Asking, screen: Screen, answer: Part) -> None:
    ask.range(screen, answer)
    found = answer.parts("tools")
    if not found:
        ask.nothing(screen, "tool calls")
        return
    screen.line()
    screen.table(_TOOLS, [_row(screen, tool) for tool in found])
    if buckets := answer.parts("buckets"):
        screen.heading(f"Over time, {interval(answer.number('step'))} a bar")
        lines = (
            ("Calls", [bucket.number("calls") for bucket in buckets]),
            ("Errors", [bucket.number("errors") for bucket in buckets]),
            ("p95", [bucket.part("duration").number("p95") or 0 for bucket in buckets]),
        )
        screen.facts(*((label, sparkline(values)) for label, values in lines if any(values)))
    ask.pages(screen, answer)


def _row(screen: Screen, tool: Part) -> tuple[Cell, ...]:
    times, failure = tool.part("duration"), tool.part("last_failure")
    why = failure.text("message") or failure.text("type") or ""
    users = [f"{user.text('agent') or NONE} {count(user.count('calls'))}" for user in tool.parts("agents")]
    return (
        tool.text("name") or UNKNOWN,
        count(tool.count("calls")),
        errors_cell(tool.count("errors")),
        percent(tool.number("error_rate")),
        *(duration(times.number(name)) for name in ("p50", "p95", "p99")),
        styled(why, FAILURE),
        ", ".join(users),
        screen.identifier(tool.text("last_trace")),
    )
