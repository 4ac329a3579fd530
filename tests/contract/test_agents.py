"""Who called whom, and how the runs of agents went, the same on every engine."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from records import SECOND, T0, batch, call, computed, resource, span
from spanglass.call import Usage
from spanglass.errors import QueryError
from spanglass.server.query.agents import Agents, agents
from spanglass.server.query.figures import Money, Percentiles, Tokens
from spanglass.server.query.filters import Filters
from spanglass.server.query.sample import MOST_SPANS, MOST_TRACES
from spanglass.server.record import Facts, Scope, Status, StoredSpan, Work
from spanglass.server.store.protocol import Store

END = T0 + 1000 * SECOND


def agent(
    trace: int,
    number: int,
    parent: int | None,
    name: str | None,
    *,
    at: float = 0.0,
    lasts: float = 1.0,
    called: str | None = None,
    status: Status = Status.UNSET,
) -> StoredSpan:
    """Return a span that is an agent's work."""
    facts = Facts(work=Work.AGENT, agent_name=name)
    return span(
        trace, number, parent, at=at, lasts=lasts, name=called or f"invoke_agent {name}", facts=facts, status=status
    )


def tool(trace: int, number: int, parent: int | None, name: str, *, at: float = 0.0, lasts: float = 1.0) -> StoredSpan:
    """Return a span that is a tool's work."""
    return span(
        trace, number, parent, at=at, lasts=lasts, name=f"execute_tool {name}", facts=Facts(Work.TOOL, tool_name=name)
    )


def asked(store: Store, *spans: StoredSpan, **narrowed: str) -> Agents:
    """Return the answer over some spans."""
    if spans:
        store.write([batch(*spans)])
    return agents(store, start_ns=T0, end_ns=END, filters=Filters(**narrowed))


def edges(answer: Agents) -> list[tuple[str, str, int]]:
    """Return the edges, but for their figures."""
    return sorted((edge.caller, edge.callee, edge.count) for edge in answer.edges)


def whole() -> list[StoredSpan]:
    """Return a trace: a workflow with an agent of two steps, one of which asks another agent."""
    return [
        span(1, 1, at=0, lasts=20, name="POST /ask"),
        agent(1, 2, 1, None, at=0, lasts=19, called="invoke_workflow ask"),
        agent(1, 3, 2, "planner", at=1, lasts=17),
        agent(1, 4, 3, "planner", at=2, lasts=3, called="plan planner"),  # a step of the run
        call(1, 5, 4, at=2, lasts=1, status=Status.ERROR, cost=None),
        call(1, 6, 4, at=3, lasts=2, resend=1, usage=Usage(100, 10), cost=computed("0.01")),
        tool(1, 7, 3, "run_sql", at=6, lasts=1),
        agent(1, 8, 3, "writer", at=8, lasts=4, status=Status.ERROR),
        call(1, 9, 8, at=9, lasts=2, model="new", usage=Usage(7, 3)),
        span(1, 10, 8, at=11, lasts=1, name="retrieval docs", facts=Facts(Work.RETRIEVAL)),
        span(1, 11, 10, at=11, lasts=1, name="SELECT", facts=Facts(Work.DATABASE)),
    ]


def test_the_nearest_agent_calls(store: Store) -> None:
    """Steps and what is between are passed over; above the agents stand the workflow and the service."""
    assert edges(asked(store, *whole())) == [
        ("agent:planner", "agent:writer", 1),
        ("agent:planner", "model:gpt", 1),
        ("agent:planner", "tool:run_sql", 1),
        ("agent:writer", "model:new", 1),
        ("agent:writer", "retrieval:docs", 1),
        ("service:shop", "workflow:ask", 1),
        ("workflow:ask", "agent:planner", 1),
    ]


def test_a_node_has_the_calls_directly_under_it(store: Store) -> None:
    """Cost and tokens are not counted on the callers of callers; a retried failure is no error."""
    nodes = {node.id: node for node in asked(store, *whole()).nodes}

    planner, model = nodes["agent:planner"], nodes["model:gpt"]
    assert planner.cost == model.cost == Money(amount=Decimal("0.01"), computed=Decimal("0.01"), calls=1)
    assert planner.tokens == Tokens(input=100, output=10)
    assert (model.count, model.errors, model.p50) == (1, 0, 1.5)
    assert (nodes["agent:writer"].count, nodes["agent:writer"].errors) == (1, 1)
    assert nodes["agent:writer"].cost == Money(amount=None, calls=1, unpriced=1)
    assert nodes["service:shop"].cost == Money(amount=None)


def test_runs_have_steps_and_the_cost_of_all_beneath(store: Store) -> None:
    """A run's steps are what it called itself, its cost is that of everything under it."""
    runs = {runs.agent: runs for runs in asked(store, *whole()).agents}

    planner, writer = runs["planner"], runs["writer"]
    assert (planner.runs, planner.errors, planner.steps) == (1, 0, Percentiles(p50=3, p95=3, p99=3))
    assert (planner.cost.p50, planner.cost.unpriced_runs) == (Decimal("0.01"), 1)
    assert (writer.runs, writer.errors, writer.steps.p50, writer.duration.p50) == (1, 1, 2, 4)
    assert (writer.cost.p50, writer.cost.unpriced_runs) == (None, 1)


def test_an_agent_may_call_itself(store: Store) -> None:
    """An agent inside its own run is another run, with an edge to itself."""
    answer = asked(store, agent(1, 1, None, "a", lasts=9), agent(1, 2, 1, "a", at=1, lasts=5), tool(1, 3, 2, "t", at=2))

    assert ("agent:a", "agent:a", 1) in edges(answer)
    assert [(runs.agent, runs.runs, runs.steps.p50) for runs in answer.agents] == [("a", 2, 1)]


def test_a_run_told_twice_is_one(store: Store) -> None:
    """A run as a second library saw it, and a tool as its server saw it, are not called again."""
    other = agent(1, 2, 1, "a", at=0.1)
    twice = replace(other, span=replace(other.span, scope=Scope("other", None)))

    answer = asked(store, agent(1, 1, None, "a"), twice, tool(1, 3, 2, "t", at=0.2), tool(1, 4, 3, "t", at=0.3))

    assert edges(answer) == [("agent:a", "tool:t", 1), ("service:shop", "agent:a", 1)]


def test_a_handoff_is_no_call_of_the_service(store: Store) -> None:
    """An agent that begins after one beside it gave the work away was handed it."""
    answer = asked(
        store,
        span(1, 1, at=0, lasts=10),
        agent(1, 2, 1, "triage", at=1, lasts=2),
        span(1, 3, 2, at=2, lasts=0.1, name="handoff to refunds"),
        agent(1, 4, 1, "refunds", at=4, lasts=2),
        agent(1, 5, 1, "billing", at=4, lasts=2, called="invoke_agent billing"),
        agent(2, 6, None, "refunds", at=9),
    )

    handed = [(edge.caller, edge.callee) for edge in answer.edges if edge.kind == "handoff"]
    assert handed == [("agent:triage", "agent:billing"), ("agent:triage", "agent:refunds")]
    assert ("service:shop", "agent:refunds", 1) in edges(answer)


def test_a_missing_parent_leaves_the_agent_that_a_span_names(store: Store) -> None:
    """A call whose parent is absent goes to the agent it names itself, else to its service."""
    lost = call(1, 2, 99, at=1)
    answer = asked(
        store,
        agent(1, 1, None, "a", at=0),
        replace(lost, facts=replace(lost.facts, agent_name="b")),
        tool(1, 3, 98, "t", at=2),
    )

    assert edges(answer) == [
        ("agent:b", "model:gpt", 1),
        ("service:shop", "agent:a", 1),
        ("service:shop", "tool:t", 1),
    ]


def test_spans_that_are_each_others_parents_are_read(store: Store) -> None:
    """A cycle, which only a broken producer sends, is cut at its earliest span."""
    answer = asked(store, agent(1, 1, 2, "a", at=0), agent(1, 2, 1, "b", at=1))

    assert edges(answer) == [("agent:a", "agent:b", 1), ("service:shop", "agent:a", 1)]


def test_the_newest_traces_are_read_and_all_are_counted(store: Store) -> None:
    """Of more traces than are read, the newest are, and the answer says of how many."""
    more = MOST_TRACES + 40
    answer = asked(store, *(agent(n, n, None, "old" if n <= 40 else "new", at=n * 0.5) for n in range(1, more + 1)))

    assert (answer.traces_read, answer.traces_seen) == (MOST_TRACES, more)
    assert [(runs.agent, runs.runs) for runs in answer.agents] == [("new", MOST_TRACES)]


def test_a_trace_too_large_is_cut_and_said_so(store: Store) -> None:
    """One trace beyond the bound is read up to it; the next one is not read."""
    store.write([batch(agent(2, 1, None, "small", at=0))])
    store.write([batch(agent(1, 1, None, "a", at=1), *(tool(1, n, 1, "t", at=2) for n in range(2, MOST_SPANS + 50)))])

    answer = asked(store)

    assert (answer.spans_read, answer.spans_cut, answer.traces_read, answer.traces_seen) == (MOST_SPANS, True, 1, 2)
    assert edges(answer) == [("agent:a", "tool:t", MOST_SPANS - 1), ("service:shop", "agent:a", 1)]


@pytest.mark.parametrize(
    ("narrowed", "read"),
    [({}, 2), ({"service": "db"}, 1), ({"model": "gpt"}, 1), ({"status": "error"}, 1), ({"user_id": "nobody"}, 0)],
)
def test_traces_are_narrowed(store: Store, narrowed: dict[str, str], read: int) -> None:
    """A filter holds of some span of the trace, the status of an agent's; the trace is read whole."""
    far = 900  # far from the other, so that the traces are read in two stretches
    answer = asked(
        store,
        agent(1, 1, None, "a", at=0),
        call(1, 2, 1, at=0.1),
        agent(2, 1, None, "a", at=far, status=Status.ERROR),
        span(2, 2, 1, at=far, sender=resource("db")),
        call(3, 1, at=far),  # no agent
        **narrowed,
    )

    assert (answer.traces_read, answer.traces_seen) == (read, read)


def test_nothing_is_an_empty_graph(store: Store) -> None:
    """Without agents there is nothing to draw, and an empty range is refused."""
    assert asked(store) == Agents(
        traces_read=0, traces_seen=0, spans_read=0, spans_cut=False, nodes=(), nodes_left_out=0, edges=(), agents=()
    )
    with pytest.raises(QueryError, match="range is empty"):
        agents(store, start_ns=2, end_ns=2)
