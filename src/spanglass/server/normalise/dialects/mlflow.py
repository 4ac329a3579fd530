"""MLflow: `mlflow.*`, where every value is JSON text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise import documents, messages
from spanglass.server.normalise.dialect import Content, Dialect
from spanglass.server.record import Attributes, Span, Value

_TYPE: Final = "mlflow.spanType"
_USAGE: Final = "mlflow.chat.tokenUsage"
_COST: Final = "mlflow.llm.cost"
_INPUTS: Final = "mlflow.spanInputs"
_OUTPUTS: Final = "mlflow.spanOutputs"
_TEXTS: Final = {
    "mlflow.llm.model": attr.REQUEST_MODEL,
    "mlflow.llm.provider": attr.PROVIDER,
    "mlflow.trace.user": attr.USER_ID,
    "mlflow.trace.session": attr.SESSION_ID,
}
_OPERATIONS: Final = {
    "LLM": "chat",
    "CHAT_MODEL": "chat",
    "EMBEDDING": "embeddings",
    "RETRIEVER": "retrieval",
    "TOOL": "execute_tool",
    "AGENT": "invoke_agent",
}


def _infer(span: Span, _: Attributes) -> Mapping[str, Value]:
    sent = span.attributes
    found = {current: documents.read(sent[name]) for name, current in _TEXTS.items() if name in sent}
    kind = documents.read(sent.get(_TYPE))
    if isinstance(kind, str):
        found[attr.OPERATION] = _OPERATIONS.get(kind, kind.lower())
    if _USAGE in sent:
        usage = documents.read_object(sent[_USAGE])
        found[attr.INPUT_TOKENS] = usage.get("input_tokens")
        found[attr.OUTPUT_TOKENS] = usage.get("output_tokens")
        found[attr.CACHE_READ_TOKENS] = usage.get("cache_read_input_tokens")
        found[attr.CACHE_WRITE_TOKENS] = usage.get("cache_creation_input_tokens")
        found[attr.CACHE_WRITE_1H_TOKENS] = usage.get("cache_creation_input_tokens_above_1hr")
    if _COST in sent:
        found[attr.COST_AMOUNT] = documents.read_object(sent[_COST]).get("total_cost")
    return {name: value for name, value in found.items() if value is not None}


def _content(span: Span) -> Content:
    get = span.attributes.get
    if documents.read(get(_TYPE)) == "TOOL":
        return Content(
            tool_arguments=documents.read(get(_INPUTS), documents.LARGE),
            tool_result=documents.read(get(_OUTPUTS), documents.LARGE),
        )
    return Content(
        messages.read(get(_INPUTS), "user"),
        messages.read(get(_OUTPUTS), "assistant"),
        tool_definitions=messages.read_tools(get("mlflow.chat.tools")),
    )


DIALECT: Final = Dialect(
    "MLflow", marks=frozenset({_TYPE, _USAGE, _COST, _INPUTS, _OUTPUTS, *_TEXTS}), infer=_infer, content=_content
)
