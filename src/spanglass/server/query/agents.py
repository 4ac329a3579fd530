"""Who calls whom: agents, tools, models and retrieval as a graph, and how the runs of each agent went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import msgspec

from spanglass.server.query.agent_graph import COLUMNS, Act, NodeKey, Run, Walk
from spanglass.server.query.figures import Money, Percentiles, Tokens, decimal
from spanglass.server.query.filters import ANY, Filters
from spanglass.server.query.sample import sample
from spanglass.server.query.steps import demand_range
from spanglass.server.query.tally import Tally, spread
from spanglass.server.store.protocol import Store

MOST_NODES: Final = 200
_SECOND: Final = 1_000_000_000
_HOLDING: Final = "work = 'agent'"


class GraphNode(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that calls or is called.

    Attributes:
        id: Kind and name, as edges name it.
        kind: agent, workflow, service, tool, model or retrieval.
        name: Of the agent, the tool or the model; null where it is not known.
        count: How often it ran; of a model, calls (attempts less retries).
        errors: How often it failed; of a model, calls that failed for good.
        p50: Half of its spans took no longer, seconds.
        tokens: Of the model calls directly under it; of a model, of its own.
        cost: Of the same calls, so nothing is counted on two callers.
    """

    id: str
    kind: str
    name: str | None
    count: int
    errors: int
    p50: float | None
    tokens: Tokens
    cost: Money


class GraphEdge(msgspec.Struct, frozen=True, kw_only=True):
    """One node calling another.

    Attributes:
        caller: Id of the nearest agent around, else of its workflow, else of the service where the trace begins.
        callee: Id of what was called; the caller's own where an agent calls itself.
        kind: call, or handoff where the caller ended and gave the work to the callee.
        count: How often; to a model, calls (attempts less retries).
        errors: How often it failed; to a model, calls that failed for good.
        p50: Half of them took no longer, seconds.
    """

    caller: str
    callee: str
    kind: str
    count: int
    errors: int
    p50: float | None


class RunCost(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of an agent costs, everything beneath it included, USD; of the runs of which something is known.

    Attributes:
        p50: Half of the runs cost no more.
        p95: 95 % of them cost no more.
        unpriced_runs: Runs of which a call has no price: they cost more than is known.
    """

    p50: Decimal | None
    p95: Decimal | None
    unpriced_runs: int


class AgentRuns(msgspec.Struct, frozen=True, kw_only=True):
    """The runs of one agent.

    Attributes:
        agent: Its name.
        runs: How many.
        errors: How many failed.
        steps: What a run called itself: model calls (retries aside), tools, retrievals, agents. A number, not seconds.
        duration: Seconds a run.
        cost: A run.
    """

    agent: str
    runs: int
    errors: int
    steps: Percentiles
    duration: Percentiles
    cost: RunCost


class Agents(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: of the newest traces of the range that hold an agent's work.

    Attributes:
        traces_read: Traces that the answer is made of, the newest.
        traces_seen: Traces of the range that hold an agent's work; about, above 100,000 of them.
        spans_read: Spans of the traces read.
        spans_cut: The newest trace alone has more spans than are read; the rest of it is left out.
        nodes: Most used first, at most 200.
        nodes_left_out: How many more there are; edges from and to them are left out too.
        edges: Most used first.
        agents: Most runs first, of the agents among the nodes.
    """

    traces_read: int
    traces_seen: int
    spans_read: int
    spans_cut: bool
    nodes: tuple[GraphNode, ...]
    nodes_left_out: int
    edges: tuple[GraphEdge, ...]
    agents: tuple[AgentRuns, ...]


@dataclass(slots=True)
class _Figures:
    """What is counted of a node or an edge."""

    attempts: int = 0
    retries: int = 0
    failed: int = 0
    durations: list[float] = field(default_factory=list)
    calls: Tally = field(default_factory=Tally)

    def add(self, act: Act) -> None:
        self.attempts += 1
        self.retries += act.retry
        self.failed += act.failed
        self.durations.append(act.duration_ns / _SECOND)

    @property
    def count(self) -> int:
        return self.attempts - self.retries

    @property
    def errors(self) -> int:
        return max(0, self.failed - self.retries)

    @property
    def p50(self) -> float | None:
        return spread(self.durations).p50


def agents(store: Store, *, start_ns: int, end_ns: int, filters: Filters = ANY) -> Agents:
    """Return who called whom in the newest traces in which an agent's work starts in a range.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.
        filters: Each holds of some span of the trace; `status` of an agent's.

    Raises:
        QueryError: The range is empty, a filter is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    demand_range(start_ns, end_ns)
    read = sample(store, range(start_ns, end_ns), filters, holding=_HOLDING, columns=COLUMNS)
    walk = Walk()
    for rows in read.traces:
        walk.trace(rows)
    nodes, edges = _counted(walk.acts)
    ranked = sorted(nodes, key=lambda key: (-nodes[key].count, _id(key)))
    shown = frozenset(ranked[:MOST_NODES])
    return Agents(
        traces_read=len(read.traces),
        traces_seen=read.seen,
        spans_read=read.spans,
        spans_cut=read.cut,
        nodes=tuple(_node(key, nodes[key]) for key in ranked[:MOST_NODES]),
        nodes_left_out=len(nodes) - len(shown),
        edges=_edges({edge: figures for edge, figures in edges.items() if shown.issuperset(edge[:2])}),
        agents=_runs([run for run in walk.runs if run.agent in shown]),
    )


_Edge = tuple[NodeKey, NodeKey, bool]


def _counted(acts: Sequence[Act]) -> tuple[dict[NodeKey, _Figures], dict[_Edge, _Figures]]:
    nodes: dict[NodeKey, _Figures] = {}
    edges: dict[_Edge, _Figures] = {}
    for act in acts:
        callee = nodes.setdefault(act.callee, _Figures())
        callee.add(act)
        if act.used is not None:
            callee.calls.include(act.used)
        if act.caller is not None:
            caller = nodes.setdefault(act.caller, _Figures())
            edges.setdefault((act.caller, act.callee, act.handoff), _Figures()).add(act)
            if act.used is not None:
                caller.calls.include(act.used)
    return nodes, edges


def _id(key: NodeKey) -> str:
    kind, name = key
    return kind if name is None else f"{kind}:{name}"


def _node(key: NodeKey, figures: _Figures) -> GraphNode:
    kind, name = key
    return GraphNode(
        id=_id(key),
        kind=kind,
        name=name,
        count=figures.count,
        errors=figures.errors,
        p50=figures.p50,
        tokens=figures.calls.tokens,
        cost=figures.calls.money,
    )


def _edges(edges: Mapping[_Edge, _Figures]) -> tuple[GraphEdge, ...]:
    made = [
        GraphEdge(
            caller=_id(caller),
            callee=_id(callee),
            kind="handoff" if handoff else "call",
            count=figures.count,
            errors=figures.errors,
            p50=figures.p50,
        )
        for (caller, callee, handoff), figures in edges.items()
    ]
    return tuple(sorted(made, key=lambda edge: (-edge.count, edge.caller, edge.callee, edge.kind)))


def _runs(runs: Sequence[Run]) -> tuple[AgentRuns, ...]:
    by_agent: dict[str, list[Run]] = {}
    for run in runs:
        by_agent.setdefault(str(run.agent[1]), []).append(run)
    return tuple(
        AgentRuns(
            agent=agent,
            runs=len(of_agent),
            errors=sum(run.failed for run in of_agent),
            steps=spread([run.steps for run in of_agent]),
            duration=spread([(run.end_ns - run.start_ns) / _SECOND for run in of_agent]),
            cost=_cost(of_agent),
        )
        for agent, of_agent in sorted(by_agent.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def _cost(runs: Sequence[Run]) -> RunCost:
    """Return what runs cost; each percentile is the cost of a run, so the money stays exact."""
    known = sorted(amount for run in runs if (amount := run.cost.amount) is not None)
    return RunCost(p50=_at(known, 0.5), p95=_at(known, 0.95), unpriced_runs=sum(run.cost.unpriced > 0 for run in runs))


def _at(ordered: Sequence[Decimal], share: float) -> Decimal | None:
    return decimal(ordered[round(share * (len(ordered) - 1))]) if ordered else None
