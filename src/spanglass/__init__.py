"""OpenTelemetry-native observability for LLM applications: the public face of the SDK; it only re-exports.

Names of `_LATER` are imported when they are first asked for, so that an application, a command and the server each pay
for what they use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from spanglass.version import __version__

if TYPE_CHECKING:
    from spanglass import kafka
    from spanglass.sdk.context import context
    from spanglass.sdk.logformat import JsonFormatter, TextFormatter
    from spanglass.sdk.numbers.counter import counter
    from spanglass.sdk.numbers.gauge import gauge
    from spanglass.sdk.numbers.timer import timer
    from spanglass.sdk.propagation.carry import carry
    from spanglass.sdk.propagation.message import extract, inject
    from spanglass.sdk.runtime import flush, init, shutdown
    from spanglass.sdk.structure.agent import agent
    from spanglass.sdk.structure.approval import approval
    from spanglass.sdk.structure.llm_call import llm_call
    from spanglass.sdk.structure.retrieval import retrieval
    from spanglass.sdk.structure.step import step
    from spanglass.sdk.structure.tool import tool
    from spanglass.sdk.structure.workflow import workflow
    from spanglass.sdk.turn import Turns, turn

__all__ = [
    "JsonFormatter",
    "TextFormatter",
    "Turns",
    "__version__",
    "agent",
    "approval",
    "carry",
    "context",
    "counter",
    "extract",
    "flush",
    "gauge",
    "init",
    "inject",
    "kafka",
    "llm_call",
    "retrieval",
    "shutdown",
    "step",
    "timer",
    "tool",
    "turn",
    "workflow",
]

_LATER: dict[str, str] = {
    "JsonFormatter": "spanglass.sdk.logformat",
    "TextFormatter": "spanglass.sdk.logformat",
    "Turns": "spanglass.sdk.turn",
    "agent": "spanglass.sdk.structure.agent",
    "approval": "spanglass.sdk.structure.approval",
    "carry": "spanglass.sdk.propagation.carry",
    "context": "spanglass.sdk.context",
    "counter": "spanglass.sdk.numbers.counter",
    "extract": "spanglass.sdk.propagation.message",
    "flush": "spanglass.sdk.runtime",
    "gauge": "spanglass.sdk.numbers.gauge",
    "init": "spanglass.sdk.runtime",
    "inject": "spanglass.sdk.propagation.message",
    "llm_call": "spanglass.sdk.structure.llm_call",
    "retrieval": "spanglass.sdk.structure.retrieval",
    "shutdown": "spanglass.sdk.runtime",
    "step": "spanglass.sdk.structure.step",
    "tool": "spanglass.sdk.structure.tool",
    "turn": "spanglass.sdk.turn",
    "workflow": "spanglass.sdk.structure.workflow",
    "timer": "spanglass.sdk.numbers.timer",
}


_LATER_MODULES = frozenset({"kafka"})


def __getattr__(name: str) -> object:
    if name in _LATER_MODULES:
        return import_module(f"spanglass.{name}")
    if name not in _LATER:
        raise AttributeError(f"module 'spanglass' has no attribute {name!r}")
    value: object = getattr(import_module(_LATER[name]), name)
    globals()[name] = value
    return value
