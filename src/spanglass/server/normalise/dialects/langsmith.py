"""LangSmith's OpenTelemetry export: `langsmith.span.kind`, counts in JSON text, whole runs as prompt and completion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise import documents, messages
from spanglass.server.normalise.dialect import Content, Dialect, first_event_s
from spanglass.server.record import Attributes, Span, Value

_KIND: Final = "langsmith.span.kind"
_INPUT_DETAILS: Final = "gen_ai.usage.input_token_details"
_OUTPUT_DETAILS: Final = "gen_ai.usage.output_token_details"
_OPERATIONS: Final = {
    "llm": "chat",
    "tool": "execute_tool",
    "retriever": "retrieval",
    "embedding": "embeddings",
    "chain": "chain",
    "prompt": "prompt",
    "parser": "parser",
}
_TAGS: Final = "langsmith.span.tags"
"""One text, with commas between."""
_FIRST_TOKEN: Final = ("new_token",)


def _infer(span: Span, _: Attributes) -> Mapping[str, Value]:
    sent = span.attributes
    read, wrote = _details(sent.get(_INPUT_DETAILS)), _details(sent.get(_OUTPUT_DETAILS))
    tags = sent.get(_TAGS)
    found: dict[str, Value] = {
        attr.TAGS: tuple(tags.split(",")) if isinstance(tags, str) else tags,
        attr.CACHE_READ_TOKENS: read.get("cache_read"),
        attr.CACHE_WRITE_TOKENS: read.get("cache_creation"),
        attr.INPUT_AUDIO_TOKENS: read.get("audio"),
        attr.REASONING_TOKENS: wrote.get("reasoning"),
        attr.OUTPUT_AUDIO_TOKENS: wrote.get("audio"),
        attr.TIME_TO_FIRST_CHUNK: first_event_s(span, _FIRST_TOKEN) if span.events else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _details(value: Value) -> Mapping[str, Value]:
    """Return counts by name; langsmith 0.15 writes Python's text of a dict where JSON was meant."""
    return documents.read_object(value.replace("'", '"') if isinstance(value, str) else value)


def _correct(span: Span, _: Attributes) -> Mapping[str, Value]:
    """Its operation names call retrievers embeddings and prompt templates chats; its own kind tells them apart."""
    kind = span.attributes.get(_KIND)
    return {attr.OPERATION: _OPERATIONS[kind]} if isinstance(kind, str) and kind in _OPERATIONS else {}


def _content(span: Span) -> Content:
    get = span.attributes.get
    asked, answered = get("gen_ai.prompt"), get("gen_ai.completion")
    if get(_KIND) == "tool":
        return Content(
            tool_arguments=documents.read(asked, documents.LARGE),
            tool_result=documents.read(answered, documents.LARGE),
        )
    return Content(messages.read(asked, "user"), messages.read(answered, "assistant"))


DIALECT: Final = Dialect(
    "LangSmith",
    scopes=("langsmith",),
    names={
        "langsmith.request.streaming": attr.REQUEST_STREAM,
        "gen_ai.response.service_tier": attr.OPENAI_RESPONSE_SERVICE_TIER,
        "langsmith.metadata.user_id": attr.USER_ID,
        "langsmith.metadata.langgraph_node": attr.AGENT_NODE,
        # langsmith.trace.session_id is the project
        "langsmith.metadata.thread_id": attr.SESSION_ID,
        "langsmith.metadata.conversation_id": attr.SESSION_ID,
        "langsmith.metadata.session_id": attr.SESSION_ID,
    },
    marks=frozenset({_KIND, _TAGS, _INPUT_DETAILS, _OUTPUT_DETAILS}),
    infer=_infer,
    correct=_correct,
    content=_content,
)
