"""Agents: what decides by itself which steps to take; the steps and what they use are below it."""

from __future__ import annotations

from typing import overload

from opentelemetry.context import Context

from spanglass.sdk.calls.agent_calls import AgentCalls
from spanglass.sdk.calls.attributes import Attributes
from spanglass.sdk.structure.ledger import Ledger
from spanglass.sdk.structure.place import Place
from spanglass.sdk.structure.run import Run
from spanglass.sdk.structure.unit import Decorated, Unit, unit
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics


class AgentRun(Run):
    """One run of an agent.

    Args:
        name: The agent's name.
        given: Further attributes of the agent.
    """

    operation = "invoke_agent"

    def __init__(self, name: str | None, given: Attributes) -> None:
        super().__init__(name)
        self._given = given
        self._calls = AgentCalls()

    def _attributes(self, place: Place) -> Attributes:  # noqa: ARG002 - the interface's
        attributes: Attributes = {attr.OPERATION: self.operation, **self._given}
        if self.name is not None:
            attributes[attr.AGENT_NAME] = self.name
        return attributes

    def _within(self, context: Context) -> Context:
        return self._calls.within(context)

    def _measure(self, ledger: Ledger, seconds: float, error_type: str | None, context: Context) -> None:
        labels = {attr.AGENT_NAME: self.name}
        ledger.record(metrics.AGENT, seconds, {**labels, attr.ERROR_TYPE: error_type}, context)
        ledger.record(metrics.AGENT_INFERENCE_CALLS, self._calls.total(), labels, context)
        if self._place is not None:
            ledger.record(metrics.AGENT_TOOL_CALLS, self._place.tool_calls(), labels, context)
        if self.steps:
            ledger.record(metrics.AGENT_STEPS, self.steps, labels, context)


def of_agent(place: Place) -> Attributes:
    """Return the name of the agent whose run a place is in, as an attribute."""
    around = place.nearest(AgentRun.operation)
    return {} if around is None or around.name is None else {attr.AGENT_NAME: around.name}


@overload
def agent(name: Decorated, /) -> Decorated: ...
@overload
def agent(
    name: str | None = None,
    *,
    description: str | None = None,
    version: str | None = None,
    agent_id: str | None = None,
) -> Unit[AgentRun]: ...
def agent(
    name: Decorated | str | None = None,
    *,
    description: str | None = None,
    version: str | None = None,
    agent_id: str | None = None,
) -> Decorated | Unit[AgentRun]:
    """Record an agent that runs in this process; a decorator, and a context manager.

    Its span is `invoke_agent {name}` (OpenTelemetry GenAI conventions), its metrics
    `gen_ai.invoke_agent.{duration,inference_calls,tool_calls}` and `spanglass.agent.steps`. What its calls to models
    use and cost stands on their own spans, never here.

    Args:
        name: What it is called, in few different words; the function's name by default.
        description: What it is for.
        version: Its version.
        agent_id: Its stable id, where it is hosted under one.
    """
    rows = ((attr.AGENT_DESCRIPTION, description), (attr.AGENT_VERSION, version), (attr.AGENT_ID, agent_id))
    given: Attributes = {row: str(value) for row, value in rows if value is not None}
    return unit(name, lambda called, _: AgentRun(called, given))
