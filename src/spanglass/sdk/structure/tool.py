"""Tools: what an agent or a model has done for it, with arguments and a result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import overload

from opentelemetry.context import Context

from spanglass.sdk.calls.attributes import Attributes
from spanglass.sdk.guard import safely
from spanglass.sdk.structure.agent import AgentRun, of_agent
from spanglass.sdk.structure.ledger import Ledger
from spanglass.sdk.structure.place import Place
from spanglass.sdk.structure.run import Run
from spanglass.sdk.structure.unit import Decorated, Unit, unit
from spanglass.sdk.structure.written import written
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics

_guard = safely("structure.tool")
_UNNAMED = "unnamed"


class ToolRun(Run):
    """One call of a tool.

    Args:
        name: The tool's name.
        kind: `gen_ai.tool.type`.
        given: Further attributes of the tool and the call.
    """

    operation = "execute_tool"

    def __init__(self, name: str | None, kind: str, given: Attributes) -> None:
        super().__init__(name or _UNNAMED)
        self._type = kind
        self._given = given

    @_guard
    def called(self, arguments: Mapping[str, object]) -> None:
        """Record what it is called with, where content is recorded; anything that JSON text can be made of."""
        if self.wants_content:
            self.span.set_attribute(attr.TOOL_CALL_ARGUMENTS, written(arguments))

    @_guard
    def returned(self, value: object) -> None:
        """Record what it returned, where content is recorded; anything that JSON text can be made of."""
        if self.wants_content:
            self.span.set_attribute(attr.TOOL_CALL_RESULT, written(value))

    def _attributes(self, place: Place) -> Attributes:
        named: Attributes = {attr.OPERATION: self.operation, attr.TOOL_NAME: self.name or _UNNAMED}
        return {**named, attr.TOOL_TYPE: self._type, **self._given, **of_agent(place)}

    def _measure(self, ledger: Ledger, seconds: float, error_type: str | None, context: Context) -> None:
        labels = {attr.TOOL_NAME: self.name, attr.TOOL_TYPE: self._type, attr.ERROR_TYPE: error_type}
        ledger.record(metrics.TOOL, seconds, labels, context)
        around = None if self._place is None else self._place.nearest(AgentRun.operation)
        if around is not None:
            around.tool_called()


@overload
def tool(name: Decorated, /) -> Decorated: ...
@overload
def tool(
    name: str | None = None, *, description: str | None = None, type: str = "function", call_id: str | None = None
) -> Unit[ToolRun]: ...
def tool(
    name: Decorated | str | None = None,
    *,
    description: str | None = None,
    type: str = "function",  # noqa: A002 - the conventions' word
    call_id: str | None = None,
) -> Decorated | Unit[ToolRun]:
    """Record calls of a tool; a decorator, and a context manager.

    Its span is `execute_tool {name}` (OpenTelemetry GenAI conventions), its metric `gen_ai.execute_tool.duration`.
    Arguments and result are recorded where content is: those of a decorated function by themselves, those of `with
    tool(...) as call` by `call.called({...})` and `call.returned(...)`. A failure is marked, and the exception
    passes on unchanged.

    Args:
        name: What it is called, in few different words; the function's name by default.
        description: What it does; the first line of the function's docstring by default.
        type: function, extension or datastore.
        call_id: The model's id of this call, where a model asked for it.
    """
    given: Attributes = {} if call_id is None else {attr.TOOL_CALL_ID: str(call_id)}

    def make(called: str | None, summary: str | None) -> ToolRun:
        told = description or summary
        return ToolRun(called, type, given if told is None else {attr.TOOL_DESCRIPTION: told, **given})

    return unit(name, make)
