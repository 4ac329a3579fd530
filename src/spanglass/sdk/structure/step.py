"""Steps: the stretches that an agent's run falls into, counted."""

from __future__ import annotations

from typing import overload

from spanglass.sdk.calls.attributes import Attributes
from spanglass.sdk.structure.agent import AgentRun, of_agent
from spanglass.sdk.structure.place import Place
from spanglass.sdk.structure.run import Run
from spanglass.sdk.structure.unit import Decorated, Unit, unit
from spanglass.sdk.structure.workflow import WorkflowRun
from spanglass.semconv import attributes as attr

_PLAN = "plan"  # the one kind of step that the conventions have an operation for


class StepRun(Run):
    """One step; numbered from 1 in the innermost agent's run, or workflow's where no agent is around.

    Args:
        name: What the step is called.
        kind: `spanglass.step.type`.

    Attributes:
        number: Which step it is; 0 outside of agents and workflows.
    """

    operation = "step"

    def __init__(self, name: str | None, kind: str | None) -> None:
        super().__init__(name)
        self._type = kind
        self.number = 0

    def _span_name(self, place: Place) -> str:
        if self._type == _PLAN:
            agent = of_agent(place).get(attr.AGENT_NAME)
            return _PLAN if agent is None else f"{_PLAN} {agent}"
        words = self.name or self._type
        return self.operation if words is None else f"{self.operation} {words}"

    def _attributes(self, place: Place) -> Attributes:
        attributes: Attributes = of_agent(place)
        counts = place.nearest(AgentRun.operation, WorkflowRun.operation)
        if counts is not None:
            self.number = attributes[attr.STEP_NUMBER] = counts.next_step()
        attributes[attr.STEP_TYPE] = self._type or self.operation
        if self.name is not None:
            attributes[attr.STEP_NAME] = self.name
        if self._type == _PLAN:
            attributes[attr.OPERATION] = _PLAN
        return attributes


@overload
def step(name: Decorated, /) -> Decorated: ...
@overload
def step(name: str | None = None, *, type: str | None = None) -> Unit[StepRun]: ...
def step(
    name: Decorated | str | None = None,
    *,
    type: str | None = None,  # noqa: A002 - `spanglass.step.type`
) -> Decorated | Unit[StepRun]:
    """Record a step of an agent; a decorator, and a context manager, such as of a loop's body.

    Its span is `step {name}`, and `plan {agent}` for the type `plan` (OpenTelemetry GenAI conventions). Steps are
    numbered in the run of the innermost agent, whose span and metric `spanglass.agent.steps` say how many there were.

    Args:
        name: What it is called, in few different words; the function's name by default.
        type: plan, act, reason, synthesize, retrieve or another word of yours.
    """
    kind = None if type is None else str(type)
    return unit(name, lambda called, _: StepRun(called, kind))
