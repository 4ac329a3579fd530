"""Genkit: `genkit:*`, with the model's answer and its usage as JSON text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise import documents, messages
from spanglass.server.normalise.dialect import Content, Dialect
from spanglass.server.record import Attributes, Span, Value

_NAME: Final = "genkit:name"
_KIND: Final = "genkit:metadata:subtype"
_INPUT: Final = "genkit:input"
_OUTPUT: Final = "genkit:output"
_OPERATIONS: Final = {
    "model": ("chat", attr.REQUEST_MODEL),
    "embedder": ("embeddings", attr.REQUEST_MODEL),
    "retriever": ("retrieval", attr.DATA_SOURCE_ID),
    "tool": ("execute_tool", attr.TOOL_NAME),
    "flow": ("invoke_workflow", attr.WORKFLOW_NAME),
}


def _infer(span: Span, _: Attributes) -> Mapping[str, Value]:
    sent = span.attributes
    kind = sent.get(_KIND)
    if not isinstance(kind, str) or kind not in _OPERATIONS:
        return {}
    operation, name = _OPERATIONS[kind]
    named = sent.get(_NAME)
    if name != attr.REQUEST_MODEL or not isinstance(named, str):
        return {attr.OPERATION: operation, name: named}
    provider, _slash, model = named.rpartition("/")  # googleai/gemini-2.5-flash
    answer = documents.read(sent.get(_OUTPUT), documents.LARGE)
    usage = documents.dig(answer, "usage")
    found: dict[str, Value] = {
        attr.OPERATION: operation,
        attr.REQUEST_MODEL: model,
        attr.PROVIDER: provider or None,
        attr.FINISH_REASONS: documents.dig(answer, "finishReason"),
        attr.INPUT_TOKENS: documents.dig(usage, "inputTokens"),
        attr.OUTPUT_TOKENS: documents.dig(usage, "outputTokens"),
        attr.CACHE_READ_TOKENS: documents.dig(usage, "cachedContentTokens"),
        attr.REASONING_TOKENS: documents.dig(usage, "thoughtsTokens"),
    }
    return {current: value for current, value in found.items() if value is not None}


def _content(span: Span) -> Content:
    get = span.attributes.get
    if get(_KIND) == "tool":
        return Content(
            tool_arguments=documents.read(get(_INPUT), documents.LARGE),
            tool_result=documents.read(get(_OUTPUT), documents.LARGE),
        )
    return Content(messages.read(get(_INPUT), "user"), messages.read(get(_OUTPUT), "assistant"))


DIALECT: Final = Dialect(
    "Genkit",
    scopes=("genkit-tracer",),
    marks=frozenset({_NAME, _KIND, _INPUT, _OUTPUT}),
    infer=_infer,
    content=_content,
)
