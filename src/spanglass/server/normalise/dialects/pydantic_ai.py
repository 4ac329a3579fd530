"""Pydantic AI and Logfire: the conventions, `operation.cost`, and Logfire's placeholders for spans still open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise import documents, messages
from spanglass.server.normalise.dialect import Content, Dialect
from spanglass.server.record import Attributes, Span, Status, Value

_SPAN_TYPE: Final = "logfire.span_type"
_ALL: Final = "pydantic_ai.all_messages"
_REQUEST: Final = "request_data"
_RESPONSE: Final = "response_data"
_AGENT: Final = "agent_name"
_SCOPE: Final = "pydantic-ai"
_RAW: Final = "gen_ai.usage.raw"
_ARGUMENTS: Final = "tool_arguments"
_RESULT: Final = "tool_response"


def _infer(span: Span, attributes: Attributes) -> Mapping[str, Value]:
    sent = span.attributes
    if sent.get(_SPAN_TYPE) == "pending_span":  # says beforehand what its parent, the real span, will say
        return {attr.DUPLICATE_OF: span.parent_span_id}
    found: dict[str, Value] = {}
    if _AGENT in sent and (span.scope.name or "").startswith(_SCOPE):  # so short a name means this in its own spans
        found[attr.AGENT_NAME] = sent[_AGENT]
    if sent.get(_SPAN_TYPE) == "log" and attr.OPERATION in sent:  # of the end of a stream
        found[attr.REQUEST_STREAM] = True
    if _RAW in sent and attr.CACHE_READ_TOKENS not in attributes:
        found |= _details(documents.read(sent[_RAW]))
    return found


def _details(used: Value) -> dict[str, Value]:
    """Return the parts of the counts from the provider's own words, OpenAI's or Anthropic's."""
    found = {
        attr.CACHE_READ_TOKENS: documents.dig(used, "prompt_tokens_details", "cached_tokens")
        or documents.dig(used, "input_tokens_details", "cached_tokens")
        or documents.dig(used, "cache_read_input_tokens"),
        attr.CACHE_WRITE_TOKENS: documents.dig(used, "cache_creation_input_tokens"),
        attr.REASONING_TOKENS: documents.dig(used, "completion_tokens_details", "reasoning_tokens")
        or documents.dig(used, "output_tokens_details", "reasoning_tokens"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _correct(span: Span, attributes: Attributes) -> Mapping[str, Value]:
    """Logfire tells of a streamed call twice: when its stream opens, and, with the usage, when it has ended."""
    sent = span.attributes
    answered = attr.INPUT_TOKENS in attributes or attr.RESPONSE_ID in attributes or span.status is Status.ERROR
    if answered or _REQUEST not in sent or sent.get(_SPAN_TYPE) != "span":
        return {}
    return {attr.OPERATION: "open_stream"}


def _content(span: Span) -> Content:
    get = span.attributes.get
    if _ARGUMENTS in span.attributes:
        return Content(
            tool_arguments=documents.read(get(_ARGUMENTS), documents.LARGE),
            tool_result=documents.read(get(_RESULT), documents.LARGE),
        )
    run = messages.read(get(_ALL), "user")
    if run:  # a run's messages in one list: what came last is what it answered
        return Content(run[:-1], run[-1:])
    return Content(messages.read(get(_REQUEST), "user"), messages.read(get(_RESPONSE), "assistant"))


DIALECT: Final = Dialect(
    "Pydantic AI, Logfire",
    scopes=(_SCOPE, "logfire"),
    names={
        "operation.cost": attr.COST_AMOUNT,
        "logfire.tags": attr.TAGS,
        "gen_ai.usage.details.cache_read_tokens": attr.CACHE_READ_TOKENS,
        "gen_ai.usage.details.cache_write_tokens": attr.CACHE_WRITE_TOKENS,
        "gen_ai.usage.details.reasoning_tokens": attr.REASONING_TOKENS,
        "gen_ai.usage.details.input_audio_tokens": attr.INPUT_AUDIO_TOKENS,
        "gen_ai.usage.details.output_audio_tokens": attr.OUTPUT_AUDIO_TOKENS,
        "gen_ai.usage.details.cache_audio_read_tokens": attr.CACHE_READ_AUDIO_TOKENS,
    },
    marks=frozenset({_SPAN_TYPE, _ALL, _ARGUMENTS, _RAW}),
    infer=_infer,
    correct=_correct,
    content=_content,
)
