"""LiveKit Agents: `lk.*`, with the metrics of a call as JSON text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise import documents, messages
from spanglass.server.normalise.dialect import Content, Dialect
from spanglass.server.record import Attributes, Span, Value

_METRICS: Final = "lk.llm_metrics"
_INPUT: Final = "lk.chat_ctx"
_OUTPUT: Final = "lk.response.text"
_TOOL: Final = "lk.function_tool.name"
_ARGUMENTS: Final = "lk.function_tool.arguments"
_RESULT: Final = "lk.function_tool.output"


def _infer(span: Span, _: Attributes) -> Mapping[str, Value]:
    found: dict[str, Value] = {}
    if span.name == "llm_request":
        found[attr.OPERATION] = "chat"
    metrics = documents.read_object(span.attributes.get(_METRICS))
    if metrics:
        found[attr.TIME_TO_FIRST_TOKEN] = metrics.get("ttft")  # seconds
        found[attr.INPUT_TOKENS] = metrics.get("prompt_tokens")
        found[attr.OUTPUT_TOKENS] = metrics.get("completion_tokens")
        found[attr.CACHE_READ_TOKENS] = metrics.get("prompt_cached_tokens")
    return {name: value for name, value in found.items() if value is not None}


def _content(span: Span) -> Content:
    get = span.attributes.get
    return Content(
        messages.read(get(_INPUT), "user"),
        messages.read(get(_OUTPUT), "assistant"),
        tool_arguments=documents.read(get(_ARGUMENTS), documents.LARGE),
        tool_result=documents.read(get(_RESULT), documents.LARGE),
    )


DIALECT: Final = Dialect(
    "LiveKit Agents",
    scopes=("livekit-agents",),
    names={_TOOL: attr.TOOL_NAME, "lk.function_tool.id": attr.TOOL_CALL_ID},
    marks=frozenset({_METRICS, _INPUT, _OUTPUT, _ARGUMENTS, _RESULT}),
    infer=_infer,
    content=_content,
)
