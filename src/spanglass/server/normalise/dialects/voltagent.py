"""VoltAgent: `span.type` and `llm.usage.*`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise.dialect import Dialect
from spanglass.server.record import Attributes, Span, Value

_TYPE: Final = "span.type"
_OPERATIONS: Final = {"llm": "chat", "tool": "execute_tool", "agent": "invoke_agent", "retriever": "retrieval"}


def _infer(span: Span, _: Attributes) -> Mapping[str, Value]:
    """An agent's span has the usage of its calls, too; a span that has usage and no type is not known to be a call."""
    kind = span.attributes.get(_TYPE)
    return {attr.OPERATION: _OPERATIONS[kind]} if isinstance(kind, str) and kind in _OPERATIONS else {}


DIALECT: Final = Dialect(
    "VoltAgent",
    scopes=("voltagent",),
    names={
        "llm.usage.prompt_tokens": attr.INPUT_TOKENS,
        "llm.usage.completion_tokens": attr.OUTPUT_TOKENS,
        "llm.usage.cached_tokens": attr.CACHE_READ_TOKENS,
        "llm.usage.reasoning_tokens": attr.REASONING_TOKENS,
    },
    marks=frozenset({_TYPE}),
    infer=_infer,
)
