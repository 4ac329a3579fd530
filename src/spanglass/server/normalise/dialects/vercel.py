"""The Vercel AI SDK: `ai.*` of its older integration, and the few names of its own that the new one adds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise import documents, messages
from spanglass.server.normalise.dialect import Content, Dialect
from spanglass.server.normalise.reading import as_count
from spanglass.server.record import Attributes, Span, Value

_OPERATION: Final = "ai.operationId"
_OLDER_OPERATION: Final = "operation.name"
_PROVIDER: Final = "ai.model.provider"
_METADATA: Final = "ai.response.providerMetadata"
_UNCACHED: Final = "ai.usage.inputTokenDetails.noCacheTokens"
_TOOL_ARGUMENTS: Final = "ai.toolCall.args"
_TOOL_RESULT: Final = "ai.toolCall.result"
_CALLS: Final = {"doGenerate": "chat", "doStream": "chat", "doEmbed": "embeddings"}
_OTHERS: Final = {"ai.toolCall": "execute_tool", "ai.rerank": "rerank"}
"""All others, as `ai.generateText`, are the loop around calls and tools: they repeat the usage of the calls below."""


def _infer(span: Span, attributes: Attributes) -> Mapping[str, Value]:
    sent = span.attributes
    found: dict[str, Value] = {}
    said = sent.get(_OPERATION) or sent.get(_OLDER_OPERATION)
    if isinstance(said, str) and said.startswith("ai."):
        operation = said.partition(" ")[0]
        last = operation.rpartition(".")[2]
        if last == "doStream":
            found[attr.REQUEST_STREAM] = True
        found[attr.OPERATION] = _CALLS.get(last) or _OTHERS.get(operation, "invoke_agent")
    provider = sent.get(_PROVIDER)
    if isinstance(provider, str):
        found[attr.PROVIDER] = provider.partition(".")[0]
    if _METADATA in sent and attr.CACHE_READ_TOKENS not in attributes:
        found |= _of_provider(documents.read_object(sent[_METADATA]))
    return found


def _of_provider(metadata: Mapping[str, Value]) -> dict[str, Value]:
    """Return counts that older versions leave to what the provider said."""
    anthropic, openai = documents.dig(metadata, "anthropic", "usage"), metadata.get("openai")
    bedrock = documents.dig(metadata, "bedrock", "usage")
    found = {
        attr.CACHE_READ_TOKENS: documents.dig(anthropic, "cache_read_input_tokens")
        or documents.dig(bedrock, "cacheReadInputTokens")
        or documents.dig(openai, "cachedPromptTokens"),
        attr.CACHE_WRITE_TOKENS: documents.dig(anthropic, "cache_creation_input_tokens")
        or documents.dig(bedrock, "cacheWriteInputTokens"),
        attr.REASONING_TOKENS: documents.dig(openai, "reasoningTokens"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _correct(span: Span, attributes: Attributes) -> Mapping[str, Value]:
    """Input as the provider counts it may leave cached tokens out; its parts, or Claude's own count, tell."""
    sent = span.attributes
    uncached = as_count(sent.get(_UNCACHED))
    if uncached is None and _METADATA in sent:
        own = as_count(documents.dig(documents.read(sent[_METADATA]), "anthropic", "usage", "input_tokens"))
        uncached = own if own == as_count(attributes.get(attr.INPUT_TOKENS)) else None
    if uncached is None:
        return {}
    cached = (attributes.get(attr.CACHE_READ_TOKENS), attributes.get(attr.CACHE_WRITE_TOKENS))
    return {attr.INPUT_TOKENS: uncached + sum(as_count(part) or 0 for part in cached)}


def _content(span: Span) -> Content:
    get = span.attributes.get
    if _TOOL_ARGUMENTS in span.attributes:
        return Content(
            tool_arguments=documents.read(get(_TOOL_ARGUMENTS), documents.LARGE),
            tool_result=documents.read(get(_TOOL_RESULT), documents.LARGE),
        )
    answer = {
        "role": "assistant",
        "content": get("ai.response.text") or get("ai.response.object"),
        "reasoning_content": get("ai.response.reasoning"),
        "tool_calls": documents.read_list(get("ai.response.toolCalls")),
    }
    return Content(
        messages.read(get("ai.prompt.messages") or get("ai.prompt"), "user"),
        messages.read(answer, "assistant") if any(list(answer.values())[1:]) else [],
        tool_definitions=messages.read_tools(get("ai.prompt.tools")),
    )


DIALECT: Final = Dialect(
    "Vercel AI SDK",
    names={
        "ai.model.id": attr.REQUEST_MODEL,
        "ai.response.model": attr.RESPONSE_MODEL,
        "ai.response.id": attr.RESPONSE_ID,
        "ai.response.finishReason": attr.FINISH_REASONS,
        "ai.usage.inputTokens": attr.INPUT_TOKENS,
        "ai.usage.promptTokens": attr.INPUT_TOKENS,
        "ai.usage.tokens": attr.INPUT_TOKENS,
        "ai.usage.outputTokens": attr.OUTPUT_TOKENS,
        "ai.usage.completionTokens": attr.OUTPUT_TOKENS,
        "ai.usage.cachedInputTokens": attr.CACHE_READ_TOKENS,
        "ai.usage.inputTokenDetails.cacheReadTokens": attr.CACHE_READ_TOKENS,
        "ai.usage.inputTokenDetails.cacheWriteTokens": attr.CACHE_WRITE_TOKENS,
        "ai.usage.reasoningTokens": attr.REASONING_TOKENS,
        "ai.usage.outputTokenDetails.reasoningTokens": attr.REASONING_TOKENS,
        "ai.response.msToFirstChunk": attr.TIME_TO_FIRST_CHUNK,
        "ai.stream.msToFirstChunk": attr.TIME_TO_FIRST_CHUNK,
        "gen_ai.client.operation.time_to_first_chunk": attr.TIME_TO_FIRST_CHUNK,  # a metric's name, on a span; seconds
        "ai.toolCall.name": attr.TOOL_NAME,
        "ai.toolCall.id": attr.TOOL_CALL_ID,
        "ai.telemetry.functionId": attr.AGENT_NAME,
        "ai.telemetry.metadata.tags": attr.TAGS,
        "ai.telemetry.metadata.userId": attr.USER_ID,
        "ai.settings.context.userId": attr.USER_ID,
        "ai.telemetry.metadata.sessionId": attr.SESSION_ID,
        "ai.settings.context.sessionId": attr.SESSION_ID,
    },
    marks=frozenset({_OPERATION, _OLDER_OPERATION, _PROVIDER, _METADATA, _UNCACHED, _TOOL_ARGUMENTS}),
    milliseconds=frozenset({"ai.response.msToFirstChunk", "ai.stream.msToFirstChunk"}),
    infer=_infer,
    correct=_correct,
    content=_content,
)
