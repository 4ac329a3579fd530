"""OpenInference (Arize Phoenix): `openinference.span.kind`, `llm.token_count.*`, messages flattened by number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise import documents, messages
from spanglass.server.normalise.dialect import Content, Dialect, first_event_s
from spanglass.server.normalise.flattened import unflatten
from spanglass.server.record import Attributes, Span, Value

_KIND: Final = "openinference.span.kind"
_PARAMETERS: Final = "llm.invocation_parameters"
_OPERATIONS: Final = {
    "LLM": "chat",
    "EMBEDDING": "embeddings",
    "RETRIEVER": "retrieval",
    "TOOL": "execute_tool",
    "AGENT": "invoke_agent",
}
"""CHAIN, RERANKER, GUARDRAIL, EVALUATOR and PROMPT are no operations of the conventions; they keep their name."""
_METADATA: Final = "metadata"
_NODE: Final = "langgraph_node"
"""In LangChain's metadata: the node of the graph that runs."""
_FIRST_TOKEN: Final = ("First Token Stream Event",)


def _infer(span: Span, _: Attributes) -> Mapping[str, Value]:
    sent = span.attributes
    kind = sent.get(_KIND)
    if not isinstance(kind, str):
        return {}
    found: dict[str, Value] = {attr.OPERATION: _OPERATIONS.get(kind.upper(), kind.lower())}
    if _PARAMETERS in sent:
        asked = documents.read_object(sent[_PARAMETERS])
        found[attr.REQUEST_MODEL] = asked.get("model")
        found[attr.REQUEST_STREAM] = asked.get("stream")
    metadata = sent.get(_METADATA)
    if isinstance(metadata, str) and _NODE in metadata:
        found[attr.AGENT_NODE] = documents.read_object(metadata).get(_NODE)
    first_s = first_event_s(span, _FIRST_TOKEN) if span.events else None
    if first_s is not None:
        found[attr.TIME_TO_FIRST_CHUNK] = first_s
        found[attr.REQUEST_STREAM] = True
    return found


def _content(span: Span) -> Content:
    sent = span.attributes
    get = sent.get
    if get(_KIND) == "TOOL":
        arguments = get("tool.parameters") if "input.value" not in sent else get("input.value")
        return Content(
            tool_arguments=documents.read(arguments, documents.LARGE),
            tool_result=documents.read(get("output.value"), documents.LARGE),
        )
    return Content(
        messages.read(unflatten(sent, "llm.input_messages."), "user")
        or messages.read(unflatten(sent, "llm.prompts."), "user")
        or messages.read(get("input.value"), "user"),
        messages.read(unflatten(sent, "llm.output_messages."), "assistant")
        or messages.read(unflatten(sent, "llm.choices."), "assistant")
        or messages.read(get("output.value"), "assistant"),
        tool_definitions=messages.read_tools(
            [documents.dig(tool, "tool", "json_schema") for tool in unflatten(sent, "llm.tools.")]
        ),
    )


DIALECT: Final = Dialect(
    "OpenInference",
    scopes=("openinference.",),
    names={
        "llm.request.model_name": attr.REQUEST_MODEL,
        "embedding.model_name": attr.REQUEST_MODEL,
        "reranker.model_name": attr.REQUEST_MODEL,
        "llm.response.model_name": attr.RESPONSE_MODEL,
        "llm.model_name": attr.RESPONSE_MODEL,  # it holds the model that answered where one did
        "llm.provider": attr.PROVIDER,
        "llm.system": attr.PROVIDER,
        "llm.token_count.prompt": attr.INPUT_TOKENS,
        "llm.token_count.completion": attr.OUTPUT_TOKENS,
        "llm.token_count.prompt_details.cache_read": attr.CACHE_READ_TOKENS,
        "llm.token_count.prompt_details.cache_input": attr.CACHE_READ_TOKENS,
        "llm.token_count.prompt_details.cache_write": attr.CACHE_WRITE_TOKENS,
        "llm.token_count.prompt_details.audio": attr.INPUT_AUDIO_TOKENS,
        "llm.token_count.completion_details.reasoning": attr.REASONING_TOKENS,
        "llm.token_count.completion_details.audio": attr.OUTPUT_AUDIO_TOKENS,
        "llm.cost.total": attr.COST_AMOUNT,
        "llm.finish_reason": attr.FINISH_REASONS,
        "llm.prompt_template.version": attr.PROMPT_VERSION,
        "tool.name": attr.TOOL_NAME,
        "tool.id": attr.TOOL_CALL_ID,
        "agent.name": attr.AGENT_NAME,
        "graph.node.name": attr.AGENT_NODE,
        "graph.node.id": attr.AGENT_NODE,
        "tag.tags": attr.TAGS,
    },
    marks=frozenset({_KIND, _PARAMETERS}),
    infer=_infer,
    content=_content,
)
