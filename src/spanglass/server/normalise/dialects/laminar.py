"""Laminar: `lmnr.span.*` around the conventions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise import documents, messages
from spanglass.server.normalise.dialect import Content, Dialect
from spanglass.server.record import Attributes, Span, Value

_TYPE: Final = "lmnr.span.type"
_INPUT: Final = "lmnr.span.input"
_OUTPUT: Final = "lmnr.span.output"
_OPERATIONS: Final = {"LLM": "chat", "EMBEDDING": "embeddings", "TOOL": "execute_tool"}


def _infer(span: Span, _: Attributes) -> Mapping[str, Value]:
    kind = span.attributes.get(_TYPE)
    return {attr.OPERATION: _OPERATIONS.get(kind, kind.lower())} if isinstance(kind, str) else {}


def _content(span: Span) -> Content:
    get = span.attributes.get
    if get(_TYPE) == "TOOL":
        return Content(
            tool_arguments=documents.read(get(_INPUT), documents.LARGE),
            tool_result=documents.read(get(_OUTPUT), documents.LARGE),
        )
    return Content(messages.read(get(_INPUT), "user"), messages.read(get(_OUTPUT), "assistant"))


DIALECT: Final = Dialect(
    "Laminar",
    names={
        "lmnr.association.properties.user_id": attr.USER_ID,
        "lmnr.association.properties.session_id": attr.SESSION_ID,
        "gen_ai.usage.cost": attr.COST_AMOUNT,
    },
    marks=frozenset({_TYPE, _INPUT, _OUTPUT}),
    infer=_infer,
    content=_content,
)
