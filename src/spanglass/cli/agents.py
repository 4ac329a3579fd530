"""`spanglass agents`: what agents do, whom they call, and what their runs cost."""

from __future__ import annotations

from typing import Final

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import FILTERS, Asking, question, within
from spanglass.cli.figures import UNKNOWN, compact, count, dollars, duration, plural
from spanglass.cli.summary import NONE, sample, tokens
from spanglass.cli.table import Cell, Column, Screen, errors_cell, money_cell

app = typer.Typer()
_RUNS: Final = (
    Column("agent", least=14),
    Column("runs", right=True),
    Column("errors", right=True),
    Column("steps p50", right=True, spare=2),
    Column("p95", right=True, spare=3),
    Column("took p50", right=True),
    Column("p95", right=True, spare=1),
    Column("cost p50", right=True),
    Column("p95", right=True, spare=4),
)
_EDGES: Final = (
    Column("caller", least=14),
    Column("calls", least=14),
    Column("times", right=True),
    Column("errors", right=True),
    Column("p50", right=True),
    Column("", spare=1),
)
_NODES: Final = (
    Column("kind"),
    Column("name", least=14),
    Column("times", right=True),
    Column("errors", right=True),
    Column("p50", right=True),
    Column("tokens", right=True, spare=1),
    Column("cost", right=True),
)


@question(app, *within("1h"), *FILTERS, example="spanglass agents --since 24h")
def agents(ask: Asking) -> None:
    """Show what agents do: their runs with steps, time and cost, and who calls whom.

    Only the newest traces are read; how many is said. A cost is told once, at the agent directly above the call.
    """
    ask.show("/api/v1/agents", _draw)


def _draw(ask: Asking, screen: Screen, answer: Part) -> None:
    nodes = answer.parts("nodes")
    if not nodes:
        ask.nothing(screen, "traces with agents")
        return
    screen.line(sample(answer, "trace"))
    if runs := answer.parts("agents"):
        screen.heading("Runs")
        screen.table(_RUNS, [_run(agent) for agent in runs])
    names = {node.text("id"): node for node in nodes}
    screen.heading("Who calls whom")
    screen.table(_EDGES, [_edge(edge, names) for edge in answer.parts("edges")])
    screen.heading("What was called")
    screen.table(_NODES, [_node(node) for node in nodes])
    if left := answer.count("nodes_left_out"):
        screen.line(f"And {plural(left, 'more', 'more')}, left out with what they call.")


def _run(agent: Part) -> tuple[Cell, ...]:
    steps, took, cost = (agent.part(name) for name in ("steps", "duration", "cost"))
    bound = ">= " if cost.count("unpriced_runs") else ""
    return (
        agent.text("agent") or NONE,
        count(agent.count("runs")),
        errors_cell(agent.count("errors")),
        compact(steps.number("p50")),
        compact(steps.number("p95")),
        duration(took.number("p50")),
        duration(took.number("p95")),
        *(_amount(cost, name, bound) for name in ("p50", "p95")),
    )


def _amount(cost: Part, name: str, bound: str) -> str:
    amount = cost.amount(name)
    return f"{bound}{dollars(amount)}" if amount is not None else "unpriced" if bound else UNKNOWN


def _edge(edge: Part, names: dict[str | None, Part]) -> tuple[Cell, ...]:
    ends = (names.get(edge.text(end), Part({"name": edge.text(end)})) for end in ("caller", "callee"))
    caller, callee = (f"{node.text('kind') or ''} {node.text('name') or NONE}".strip() for node in ends)
    return (
        caller,
        callee,
        count(edge.count("count")),
        errors_cell(edge.count("errors")),
        duration(edge.number("p50")),
        "handoff" if edge.text("kind") == "handoff" else "",
    )


def _node(node: Part) -> tuple[Cell, ...]:
    return (
        node.text("kind") or UNKNOWN,
        node.text("name") or NONE,
        count(node.count("count")),
        errors_cell(node.count("errors")),
        duration(node.number("p50")),
        tokens(node.part("tokens"), brief=True),
        money_cell(node.part("cost")),
    )
