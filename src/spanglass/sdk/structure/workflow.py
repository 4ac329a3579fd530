"""Workflows: what groups several agents, tools and calls to models into one answer."""

from __future__ import annotations

from typing import overload

from opentelemetry.context import Context

from spanglass.sdk.calls.attributes import Attributes
from spanglass.sdk.structure.ledger import Ledger
from spanglass.sdk.structure.place import Place
from spanglass.sdk.structure.run import Run
from spanglass.sdk.structure.unit import Decorated, Unit, unit
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics


class WorkflowRun(Run):
    """One run of a workflow."""

    operation = "invoke_workflow"

    def _attributes(self, place: Place) -> Attributes:  # noqa: ARG002 - the interface's
        attributes: Attributes = {attr.OPERATION: self.operation}
        if self.name is not None:
            attributes[attr.WORKFLOW_NAME] = self.name
        return attributes

    def _measure(self, ledger: Ledger, seconds: float, error_type: str | None, context: Context) -> None:
        labels = {attr.WORKFLOW_NAME: self.name, attr.ERROR_TYPE: error_type}
        ledger.record(metrics.WORKFLOW, seconds, labels, context)


@overload
def workflow(name: Decorated, /) -> Decorated: ...
@overload
def workflow(name: str | None = None) -> Unit[WorkflowRun]: ...
def workflow(name: Decorated | str | None = None) -> Decorated | Unit[WorkflowRun]:
    """Record a workflow, such as a chatbot's answer to one request; a decorator, and a context manager.

    Its span is `invoke_workflow {name}` (OpenTelemetry GenAI conventions), its metric
    `gen_ai.invoke_workflow.duration`.

    Args:
        name: What it is called, in few different words; the function's name by default.
    """
    return unit(name, lambda called, _: WorkflowRun(called))
