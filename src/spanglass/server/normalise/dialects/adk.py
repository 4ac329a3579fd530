"""Google's Agent Development Kit: `gcp.vertex.agent.*` around the conventions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise import documents, messages
from spanglass.server.normalise.dialect import Content, Dialect
from spanglass.server.record import Attributes, Span, Value

_SYSTEM: Final = "gcp.vertex.agent"
_REQUEST: Final = "gcp.vertex.agent.llm_request"
_RESPONSE: Final = "gcp.vertex.agent.llm_response"
_ARGUMENTS: Final = "gcp.vertex.agent.tool_call_args"
_RESULT: Final = "gcp.vertex.agent.tool_response"


def _infer(span: Span, attributes: Attributes) -> Mapping[str, Value]:
    sent = span.attributes
    found: dict[str, Value] = {}
    if span.name == "call_llm":  # schema v1 names no operation
        found[attr.OPERATION] = "generate_content"
    if _RESPONSE in sent and attr.CACHE_READ_TOKENS not in attributes:
        used = documents.dig(documents.read(sent[_RESPONSE]), "usage_metadata")
        found[attr.CACHE_READ_TOKENS] = documents.dig(used, "cached_content_token_count")
        found[attr.REASONING_TOKENS] = documents.dig(used, "thoughts_token_count")
    return found


def _correct(span: Span, attributes: Attributes) -> Mapping[str, Value]:
    """It names itself as the provider; the model tells whose it is: `openai/gpt-5`, or one of Google's."""
    if attributes.get(attr.PROVIDER) not in (None, _SYSTEM) or span.attributes.get("gen_ai.system") != _SYSTEM:
        return {}
    model = attributes.get(attr.REQUEST_MODEL)
    prefix = model.partition("/")[0] if isinstance(model, str) and "/" in model else ""
    return {attr.PROVIDER: prefix or "gcp.gen_ai"}


def _content(span: Span) -> Content:
    get = span.attributes.get
    asked = documents.read(get(_REQUEST), documents.LARGE)
    return Content(
        messages.read(asked, "user"),
        messages.read(get(_RESPONSE), "assistant"),
        messages.read_parts(documents.dig(asked, "config", "system_instruction")),
        tool_arguments=documents.read(get(_ARGUMENTS), documents.LARGE),
        tool_result=documents.read(get(_RESULT), documents.LARGE),
    )


DIALECT: Final = Dialect(
    "Google ADK",
    scopes=("gcp.vertex.agent",),
    names={"gcp.vertex.agent.session_id": attr.SESSION_ID},
    marks=frozenset({_REQUEST, _RESPONSE, _ARGUMENTS, _RESULT}),
    infer=_infer,
    correct=_correct,
    content=_content,
)
