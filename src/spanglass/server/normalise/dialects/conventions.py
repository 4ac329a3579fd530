"""The OpenTelemetry GenAI conventions of all generations: v1.36 with its events, v1.37 to v1.41, and autumn 2026."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise import documents, messages
from spanglass.server.normalise.dialect import Content, Dialect
from spanglass.server.record import Attributes, Event, Span, SpanKind, Value

_OPERATIONS: Final = {
    "embedding": "embeddings",
    "completion": "text_completion",
    "chat.completions": "chat",
    "text.completions": "text_completion",
}
_TOOL: Final = "gen_ai.tool.message"
_ROLES: Final = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    _TOOL: "tool",
}
"""Events of v1.36, one a message; their attributes are those of the message, or hold it whole."""
_CHOICE: Final = "gen_ai.choice"
_DETAILS: Final = "gen_ai.client.inference.operation.details"
_PROMPT: Final = "gen_ai.content.prompt"
_COMPLETION: Final = "gen_ai.content.completion"


def _infer(span: Span, attributes: Attributes) -> Mapping[str, Value]:
    """Hand-written spans often name system and model alone; a client span that does is a chat."""
    is_call = attr.PROVIDER in attributes and attr.REQUEST_MODEL in attributes and span.kind is SpanKind.CLIENT
    if is_call and attr.AGENT_NAME not in attributes and attr.TOOL_NAME not in attributes:
        return {attr.OPERATION: "chat"}
    return {}


def _correct(_: Span, attributes: Attributes) -> Mapping[str, Value]:
    """Spring AI and Semantic Kernel have words of their own for the operations."""
    said = attributes.get(attr.OPERATION)
    return {attr.OPERATION: _OPERATIONS[said]} if isinstance(said, str) and said in _OPERATIONS else {}


def read_events(span: Span) -> Content:
    """Return what was said in the events of a span: v1.36's per message, later ones that hold all, and older ones."""
    sent: list[Value] = []
    received: list[Value] = []
    for event in span.events:
        if len(sent) + len(received) >= messages.MOST:
            break
        if event.name in _ROLES:
            sent += messages.read(_message(event), _ROLES[event.name])
        elif event.name == _CHOICE:
            received += messages.read(_message(event), "assistant")
        elif event.name == _DETAILS:
            return read_current(event.attributes)
        elif event.name == _PROMPT:
            sent += messages.read(event.attributes.get("gen_ai.prompt"), "user")
        elif event.name == _COMPLETION:
            received += messages.read(event.attributes.get("gen_ai.completion"), "assistant")
    return Content(sent, received)


def _message(event: Event) -> Value:
    """Return the message that an event is; texts of its attributes may be JSON."""
    said = {name: documents.read(value, documents.LARGE) for name, value in event.attributes.items()}
    if event.name == _TOOL:
        said.setdefault("tool_call_id", said.get("id"))
    inner = said.get("message")
    if isinstance(inner, Mapping):  # of a choice
        return {"finish_reason": said.get("finish_reason"), **inner}
    return {**said, "content": inner} if inner is not None and "content" not in said else said


def read_current(attributes: Attributes) -> Content:
    """Return what was said under current names, whose values are JSON text or already structured."""
    get = attributes.get
    return Content(
        messages.read(get(attr.INPUT_MESSAGES), "user"),
        messages.read(get(attr.OUTPUT_MESSAGES), "assistant"),
        messages.read_parts(get(attr.SYSTEM_INSTRUCTIONS)),
        messages.read_tools(get(attr.TOOL_DEFINITIONS)),
        documents.read(get(attr.TOOL_CALL_ARGUMENTS), documents.LARGE),
        documents.read(get(attr.TOOL_CALL_RESULT), documents.LARGE),
    )


def _content(span: Span) -> Content:
    """Return what was said in events, else in the attributes that v1.30 and before had."""
    found = read_events(span)
    get = span.attributes.get
    return Content(
        found.input_messages or messages.read(get("gen_ai.prompt"), "user") or messages.read(get(_PROMPT), "user"),
        found.output_messages
        or messages.read(get("gen_ai.completion"), "assistant")
        or messages.read(get(_COMPLETION), "assistant"),
        found.system_instructions,
        found.tool_definitions,
    )


DIALECT: Final = Dialect(
    "OpenTelemetry GenAI conventions, v1.41 and older",
    names={
        "gen_ai.system": attr.PROVIDER,
        "gen_ai.usage.prompt_tokens": attr.INPUT_TOKENS,
        "gen_ai.usage.completion_tokens": attr.OUTPUT_TOKENS,
        "gen_ai.usage.cache_creation.input_tokens": attr.CACHE_WRITE_TOKENS,
        "gen_ai.usage.cache_creation_input_tokens": attr.CACHE_WRITE_TOKENS,
        "gen_ai.usage.cache_write_input_tokens": attr.CACHE_WRITE_TOKENS,
        "gen_ai.usage.cache_read_input_tokens": attr.CACHE_READ_TOKENS,
        "gen_ai.usage.reasoning_tokens": attr.REASONING_TOKENS,
        "gen_ai.openai.request.service_tier": attr.OPENAI_REQUEST_SERVICE_TIER,
        "gen_ai.openai.response.service_tier": attr.OPENAI_RESPONSE_SERVICE_TIER,
        "gen_ai.openai.response.system_fingerprint": attr.OPENAI_SYSTEM_FINGERPRINT,
        "gen_ai.response.finish_reason": attr.FINISH_REASONS,
        "enduser.id": attr.USER_ID,
        "exception.type": attr.ERROR_TYPE,
        "http.method": attr.HTTP_METHOD,
        "http.status_code": attr.HTTP_STATUS_CODE,
        "db.system": attr.DB_SYSTEM,
        "db.operation": attr.DB_OPERATION,
    },
    marks=frozenset({"gen_ai.prompt", "gen_ai.completion", _PROMPT, _COMPLETION}),
    infer=_infer,
    correct=_correct,
    content=_content,
)
