"""Who called whom in a trace: agents, tools, models and retrieval, whatever is missing or crossed in its tree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from spanglass.server.query.figures import count, text
from spanglass.server.query.tally import CALL_COLUMNS, Tally
from spanglass.server.query.timeline import Interval, tree_order
from spanglass.server.store.protocol import Row

COLUMNS: Final = (
    "trace_key, span_id, parent_span_id, name, work, start_ns, end_ns, status, scope_name, service, agent_name, "
    f"tool_name, operation, request_model, response_model, finish_reasons, resend_count, {CALL_COLUMNS}"
)
"""What is read of a span."""
_HANDOFF: Final = re.compile(r"hand.?off|transfer_to", re.IGNORECASE)
"""How frameworks name the span, or the tool, by which an agent gives the work to another."""
_ASKS: Final = re.compile(r"tool|function", re.IGNORECASE)
"""How providers say that an answer ended by asking for a tool."""

NodeKey: TypeAlias = tuple[str, str | None]
"""Kind (agent, workflow, service, tool, model or retrieval) and name."""


@dataclass(slots=True)
class Run:
    """One run of an agent.

    Attributes:
        agent: Its node.
        span_name: Of the span that it is.
        scope: Of that span's instrumentation.
        parent_span_id: Of that span.
        above: The run inside which it ran.
        start_ns: Unix ns.
        end_ns: Unix ns.
        failed: Its span has status error.
        steps: Model calls (retries aside), tools, retrievals and agents that it called itself.
        cost: Of all model calls beneath it, those of agents that it called among them.
        handed_off: It gave the work to another agent, by a span that says so.
        asks: What it did last was to ask for a tool, which is how an agent gives the work away, too: not every
            framework tells of it by a span.
    """

    agent: NodeKey
    span_name: str
    scope: str | None
    parent_span_id: str | None
    above: Run | None
    start_ns: int
    end_ns: int
    failed: bool
    steps: int = 0
    cost: Tally = field(default_factory=Tally)
    handed_off: bool = False
    asks: bool = False


class Act(NamedTuple):
    """One span that is something called.

    Attributes:
        caller: The nearest agent above it, else its workflow, else the service of the trace's root; None of a root.
        callee: What it is.
        duration_ns: How long it took.
        failed: It has status error.
        retry: It is a model call's second or later attempt.
        handoff: The caller did not call, but gave the work away.
        used: What a model call used and cost.
    """

    caller: NodeKey | None
    callee: NodeKey
    duration_ns: int
    failed: bool
    retry: bool
    handoff: bool
    used: Tally | None


class _Place(NamedTuple):
    """What holds below a span: who calls, in which run, and inside which tool."""

    caller: NodeKey
    run: Run | None
    tool: str | None


class Walk:
    """What was found in traces.

    Attributes:
        acts: All calls.
        runs: All runs of agents, those above before those inside them.
    """

    def __init__(self) -> None:
        self.acts: list[Act] = []
        self.runs: list[Run] = []

    def trace(self, rows: Sequence[Row]) -> None:
        """Add a trace.

        A span whose parent is absent stands as a root, under the agent that it names itself where it names one.

        Args:
            rows: Its spans with the columns of COLUMNS, in order of start.
        """
        places: dict[str, int] = {}
        for number, row in enumerate(rows):
            places.setdefault(str(row["span_id"]), number)
        below: dict[int, _Place] = {}
        first_run = len(self.runs)
        for number, _ in tree_order([_interval(row) for row in rows]):
            row = rows[number]
            parent = below.get(places.get(str(row["parent_span_id"]), -1))  # none of a root, nor of a cycle's earliest
            below[number] = self._span(row, self._root(row) if parent is None else parent, first_run)
        for run in reversed(self.runs[first_run:]):
            if run.above is not None:
                run.above.cost.include(run.cost)

    def _root(self, row: Row) -> _Place:
        service: NodeKey = ("service", text(row["service"]))
        self.acts.append(
            Act(None, service, _duration(row), row["status"] == "error", retry=False, handoff=False, used=None)
        )
        agent = text(row["agent_name"])
        return _Place(service if agent is None or row["work"] == "agent" else ("agent", agent), None, None)

    def _span(self, row: Row, place: _Place, first_run: int) -> _Place:
        """Note what a span is, and return what holds below it."""
        if place.run is not None and _HANDOFF.search(f"{row['name']} {row['tool_name']}"):
            place.run.handed_off = True
        if row["work"] == "agent":
            return self._agent(row, place, first_run)
        callee = _callee(row)
        if callee is None or callee == ("tool", place.tool):  # a tool seen by its caller and by its server is one
            return place
        used = _used(row) if callee[0] == "model" else None
        retry = used is not None and count(row["resend_count"]) > 0
        if place.run is not None:
            place.run.steps += not retry
            place.run.asks = used is not None and _ASKS.search(str(row["finish_reasons"])) is not None
            if used is not None:
                place.run.cost.include(used)
        self.acts.append(
            Act(place.caller, callee, _duration(row), row["status"] == "error", retry, handoff=False, used=used)
        )
        return place._replace(tool=callee[1]) if callee[0] == "tool" else place

    def _agent(self, row: Row, place: _Place, first_run: int) -> _Place:
        name, run = text(row["agent_name"]), place.run
        if name is None:  # a workflow or a step of one; inside an agent it is a step
            if place.caller[0] != "service":
                return place
            workflow: NodeKey = ("workflow", _bare(row, "invoke_workflow"))
            self._note(row, place.caller, workflow)
            return place._replace(caller=workflow)
        agent: NodeKey = ("agent", name)
        if (
            run is not None
            and run.agent == agent
            and (run.span_name, run.scope) != (row["name"], text(row["scope_name"]))
        ):
            return (
                place  # a step of this run, or the run as another library saw it; an agent that calls itself is alike
            )
        giver = self._giver(row, first_run) if run is None else None
        begun = Run(
            agent=agent,
            span_name=str(row["name"]),
            scope=text(row["scope_name"]),
            parent_span_id=text(row["parent_span_id"]),
            above=run,
            start_ns=count(row["start_ns"]),
            end_ns=count(row["end_ns"]),
            failed=row["status"] == "error",
        )
        self.runs.append(begun)
        if run is not None:
            run.steps += 1
            run.asks = False
        self._note(row, place.caller if giver is None else giver.agent, agent, handoff=giver is not None)
        return _Place(agent, begun, None)

    def _giver(self, row: Row, first_run: int) -> Run | None:
        """Return the run beside this one that ended before it and gave its work away, the latest of several."""
        begins_ns, parent = count(row["start_ns"]), text(row["parent_span_id"])
        givers = [
            run
            for run in self.runs[first_run:]
            if (run.handed_off or run.asks) and run.parent_span_id == parent and run.end_ns <= begins_ns
        ]
        return max(givers, key=lambda run: run.end_ns, default=None)

    def _note(self, row: Row, caller: NodeKey, callee: NodeKey, *, handoff: bool = False) -> None:
        failed = row["status"] == "error"
        self.acts.append(Act(caller, callee, _duration(row), failed, retry=False, handoff=handoff, used=None))


def _used(row: Row) -> Tally:
    used = Tally()
    used.add(row)
    return used


def _callee(row: Row) -> NodeKey | None:
    """Return what a span that is no agent's calls, or None where it is of no interest here."""
    if row["operation"] is not None:
        return ("model", text(row["request_model"]) or text(row["response_model"]))
    if row["work"] == "tool":
        return ("tool", text(row["tool_name"]) or _bare(row, "execute_tool"))
    return ("retrieval", _bare(row, "retrieval")) if row["work"] == "retrieval" else None


def _bare(row: Row, operation: str) -> str:
    """Return a span's name without the operation that the conventions put before it."""
    return str(row["name"]).removeprefix(f"{operation} ")


def _duration(row: Row) -> int:
    return count(row["end_ns"]) - count(row["start_ns"])


def _interval(row: Row) -> Interval:
    return Interval(str(row["span_id"]), text(row["parent_span_id"]), count(row["start_ns"]), count(row["end_ns"]), "")
