"""`spanglass time`: where the time of many traces went."""

from __future__ import annotations

from typing import Final

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import FILTERS, Asking, question, within
from spanglass.cli.figures import UNKNOWN, bar, count, duration, percent
from spanglass.cli.summary import NONE, latency, sample, work_label
from spanglass.cli.table import Cell, Column, Screen

app = typer.Typer()
_BAR: Final = 24
_GROUPS: Final = (
    Column("traces", right=True),
    Column("p50", right=True),
    Column("p95", right=True),
    Column("not the model, p95", right=True, spare=2),
    Column("mostly", spare=1),
)
_SLOWEST: Final = (
    Column("trace"),
    Column("name", least=16),
    Column("service", spare=2, least=10),
    Column("started", spare=3),
    Column("duration", right=True),
    Column("mostly", spare=1),
)


@question(app, *within("1h"), *FILTERS, example="spanglass time --since 24h --feature support")
def time(ask: Asking) -> None:
    """Show where the time of traces went: models, tools, databases, queues, people; and which were slowest.

    Each instant counts for the deepest span that covers it. Only the newest traces are read; how many is said.
    """
    ask.show("/api/v1/time", _draw)


def _draw(ask: Asking, screen: Screen, answer: Part) -> None:
    totals = answer.part("totals")
    if not totals.count("traces"):
        ask.nothing(screen, "traces with model calls")
        return
    screen.line(sample(answer, "trace"))
    screen.line()
    screen.facts(
        ("Duration", latency(totals.part("duration"))),
        ("Not the model", _not_model(totals.part("not_llm"))),
    )
    screen.line()
    columns = (Column(""), Column("", right=True), Column("", right=True), Column(""))
    screen.grid(columns, [_share(share) for share in totals.parts("where")])
    for by in ("feature", "service"):
        groups = answer.parts(f"{by}s")
        if any(group.text("name") for group in groups):
            screen.heading(f"By {by}")
            screen.table((Column(by, least=14), *_GROUPS), [_group(group) for group in groups])
    screen.heading("Slowest")
    screen.table(_SLOWEST, [_slow(ask, screen, trace) for trace in answer.parts("slowest")])


def _share(share: Part) -> tuple[Cell, ...]:
    part = share.number("share") or 0.0
    return work_label(share.text("work")), percent(part), duration(share.number("seconds")), bar(part, _BAR)


def _not_model(parts: Part) -> str:
    """Return the part of a trace's time in which no model worked for it."""
    usual, high = parts.number("p50"), parts.number("p95")
    return (
        UNKNOWN if usual is None else f"{percent(usual)} of a usual trace (p50), {percent(high)} of one in twenty (p95)"
    )


def _mostly(where: tuple[Part, ...]) -> str:
    return ", ".join(f"{work_label(share.text('work'))} {percent(share.number('share'))}" for share in where[:2])


def _group(group: Part) -> tuple[Cell, ...]:
    figures = group.part("figures")
    times = figures.part("duration")
    return (
        group.text("name") or NONE,
        count(figures.count("traces")),
        duration(times.number("p50")),
        duration(times.number("p95")),
        percent(figures.part("not_llm").number("p95")),
        _mostly(figures.parts("where")),
    )


def _slow(ask: Asking, screen: Screen, trace: Part) -> tuple[Cell, ...]:
    return (
        screen.identifier(trace.text("trace_id")),
        trace.text("name") or UNKNOWN,
        trace.text("service") or "",
        ask.clock.at(trace.number("start")),
        duration(trace.number("duration")),
        _mostly(trace.parts("where")),
    )
