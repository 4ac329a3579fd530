"""OpenLLMetry (Traceloop), old and new: `traceloop.*`, `llm.request.type`, `gen_ai.prompt.0.content`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise import documents, messages
from spanglass.server.normalise.dialect import Content, Dialect, first_event_s
from spanglass.server.normalise.flattened import unflatten
from spanglass.server.record import Attributes, Span, Value

_KIND: Final = "traceloop.span.kind"
_REQUEST: Final = "llm.request.type"
_ENTITY: Final = "traceloop.entity.name"
_INPUT: Final = "traceloop.entity.input"
_OUTPUT: Final = "traceloop.entity.output"
_REASON: Final = "gen_ai.completion.0.finish_reason"
_REQUESTS: Final = {"chat": "chat", "completion": "text_completion", "embedding": "embeddings", "rerank": "rerank"}
_KINDS: Final = {
    "workflow": ("invoke_workflow", attr.WORKFLOW_NAME),
    "agent": ("invoke_agent", attr.AGENT_NAME),
    "tool": ("execute_tool", attr.TOOL_NAME),
    "task": ("task", attr.STEP_NAME),
}
_MOST_CHOICES: Final = 128
CHUNKS: Final = frozenset({"gen_ai.content.completion.chunk", "llm.content.completion.chunk"})
"""Events of which there is one a streamed chunk."""


def _infer(span: Span, _: Attributes) -> Mapping[str, Value]:
    sent = span.attributes
    found: dict[str, Value] = {}
    kind, request = sent.get(_KIND), sent.get(_REQUEST)
    if isinstance(kind, str) and kind in _KINDS:
        found[attr.OPERATION], name = _KINDS[kind]
        if _ENTITY in sent:
            found[name] = sent[_ENTITY]
    elif isinstance(request, str) and request in _REQUESTS:
        found[attr.OPERATION] = _REQUESTS[request]
    if _REASON in sent:
        found[attr.FINISH_REASONS] = _finish_reasons(sent)
    first_s = first_event_s(span, CHUNKS) if span.events else None
    if first_s is not None:
        found[attr.TIME_TO_FIRST_CHUNK] = first_s
        found[attr.REQUEST_STREAM] = True
    return found


def _finish_reasons(sent: Attributes) -> tuple[str, ...]:
    found = []
    for number in range(_MOST_CHOICES):
        reason = sent.get(f"gen_ai.completion.{number}.finish_reason")
        if not isinstance(reason, str):
            break
        found.append(reason)
    return tuple(found)


def _content(span: Span) -> Content:
    sent = span.attributes
    get = sent.get
    if get(_KIND) == "tool":
        return Content(
            tool_arguments=documents.read(get(_INPUT), documents.LARGE),
            tool_result=documents.read(get(_OUTPUT), documents.LARGE),
        )
    return Content(
        messages.read(unflatten(sent, "gen_ai.prompt."), "user") or messages.read(get(_INPUT), "user"),
        messages.read(unflatten(sent, "gen_ai.completion."), "assistant") or messages.read(get(_OUTPUT), "assistant"),
        tool_definitions=messages.read_tools(unflatten(sent, "llm.request.functions.")),
    )


DIALECT: Final = Dialect(
    "OpenLLMetry (Traceloop)",
    names={
        "gen_ai.is_streaming": attr.REQUEST_STREAM,
        "llm.is_streaming": attr.REQUEST_STREAM,
        "llm.response.finish_reason": attr.FINISH_REASONS,
        "llm.response.stop_reason": attr.FINISH_REASONS,
        "gen_ai.user": attr.USER_ID,
        "llm.user": attr.USER_ID,
        "traceloop.association.properties.user_id": attr.USER_ID,
        "traceloop.association.properties.session_id": attr.SESSION_ID,
        "traceloop.association.properties.langgraph_node": attr.AGENT_NODE,
        "traceloop.association.properties.tags": attr.TAGS,
        "traceloop.prompt.key": attr.PROMPT_NAME,
        "traceloop.prompt.version": attr.PROMPT_VERSION,
    },
    marks=frozenset({_KIND, _REQUEST, _REASON, "gen_ai.prompt.0.role", "gen_ai.completion.0.role"}),
    infer=_infer,
    content=_content,
)
