"""The dialects of other producers, one row each: their attribute names become those of the current conventions.

To add a dialect, add a row to `DIALECTS`; nothing else changes. Current are the names of the OpenTelemetry GenAI
conventions, main branch, autumn 2026, and spanglass's own, as in `semconv.attributes`. The attributes of a span are
kept as they were sent; what is made here is read for facts and then forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from spanglass.semconv import attributes as attr
from spanglass.server.record import Attributes, Span, SpanKind, Value

Infer = Callable[[Span, Mapping[str, Value]], Mapping[str, Value]]
"""From a span and its attributes under current names: attributes to add where they are missing."""


class Dialect(NamedTuple):
    """One producer's way of saying it.

    Attributes:
        name: Who speaks it.
        names: Its attribute names, and the current ones. Where several mean the same, the first that is there counts;
            a current name that is there counts before all.
        milliseconds: Those of the names whose values are milliseconds; the current unit is the second.
        infer: What follows from the span beyond names.
    """

    name: str
    names: Mapping[str, str]
    milliseconds: frozenset[str] = frozenset()
    infer: Infer | None = None


def _older_operation(span: Span, attributes: Mapping[str, Value]) -> Mapping[str, Value]:
    """Hand-written spans often name system and model alone; a client span that does is a chat."""
    is_call = attr.PROVIDER in attributes and attr.REQUEST_MODEL in attributes and span.kind is SpanKind.CLIENT
    if is_call and attr.AGENT_NAME not in attributes and attr.TOOL_NAME not in attributes:
        return {attr.OPERATION: "chat"}
    return {}


def _hand_written(span: Span, attributes: Mapping[str, Value]) -> Mapping[str, Value]:
    """Spans written by hand are told by their names; `llm.input_tokens` is counted before the call, so estimated."""
    found: dict[str, Value] = {}
    if attr.REQUEST_MODEL in attributes and span.name.startswith(("llm.", "gen_ai.", "ollama_request")):
        found[attr.OPERATION] = "chat"
    elif span.name.startswith("tool."):
        found[attr.OPERATION] = "execute_tool"
    elif span.name.startswith("agent."):
        found[attr.OPERATION] = "plan" if span.name == "agent.plan" else "invoke_workflow"
    if "llm.input_tokens" in attributes and attr.INPUT_TOKENS not in span.attributes:
        found[attr.USAGE_ESTIMATED] = True
    if attr.REQUEST_MODEL in attributes:  # such short names mean this beside a model alone
        for short, name in (("feature", attr.FEATURE), ("prompt_version", attr.PROMPT_VERSION)):
            if short in attributes:
                found[name] = attributes[short]
    return found


DIALECTS: tuple[Dialect, ...] = (
    Dialect(
        "OpenTelemetry GenAI conventions, v1.41 and older",
        {
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
        infer=_older_operation,
    ),
    Dialect(
        "Hand-written, as tutorials do",
        {
            "llm.model": attr.REQUEST_MODEL,
            "llm.provider": attr.PROVIDER,
            "llm.input_tokens": attr.INPUT_TOKENS,
            "llm.output_tokens": attr.OUTPUT_TOKENS,
            "llm.tokens.input": attr.INPUT_TOKENS,
            "llm.tokens.output": attr.OUTPUT_TOKENS,
            "gen_ai.usage.input_tokens_cached": attr.CACHE_READ_TOKENS,
            "llm.cost_usd": attr.COST_AMOUNT,
            "gen_ai.cost_usd": attr.COST_AMOUNT,
            "llm.ttft_ms": attr.TIME_TO_FIRST_TOKEN,
            "llm.finish_reason": attr.FINISH_REASONS,
            "llm.prompt_template": attr.PROMPT_NAME,
            "app.user_id": attr.USER_ID,
            "app.session_id": attr.SESSION_ID,
            "step.type": attr.STEP_TYPE,
            "step.tool": attr.TOOL_NAME,
        },
        milliseconds=frozenset({"llm.ttft_ms"}),
        infer=_hand_written,
    ),
)
FOREIGN: frozenset[str] = frozenset(name for dialect in DIALECTS for name in dialect.names)
"""Every name that is not current: a span without any needs no translation."""


def translate(span: Span) -> Attributes:
    """Return a span's attributes with the current names added to those that were sent."""
    attributes = dict(span.attributes)
    for dialect in DIALECTS:
        spoken = dialect.names.keys() & span.attributes.keys()
        if not spoken:
            continue
        for name, current in dialect.names.items():
            if name in spoken and current not in attributes:
                value = span.attributes[name]
                attributes[current] = _seconds(value) if name in dialect.milliseconds else value
        if dialect.infer is not None:
            for current, value in dialect.infer(span, attributes).items():
                attributes.setdefault(current, value)
    return attributes


def _seconds(value: Value) -> Value:
    return value / 1000 if isinstance(value, int | float) else None
