"""What people write by hand around a call, as tutorials show it: `llm.model`, `llm.input_tokens`, `gen_ai.cost_usd`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise import messages
from spanglass.server.normalise.dialect import Content, Dialect
from spanglass.server.normalise.reading import as_count
from spanglass.server.record import Attributes, Span, Value

_CALL: Final = re.compile(r"(llm|gen_ai)\.|ollama_request|step_\d+\.generate_")
_ERROR: Final = "error"
_CACHED: Final = "gen_ai.usage.input_tokens_cached"
_EXCEPTION: Final = "exception.type"


def _infer(span: Span, attributes: Attributes) -> Mapping[str, Value]:
    """Spans written by hand are told by their names; `llm.input_tokens` is counted before the call, so estimated."""
    sent = span.attributes
    found: dict[str, Value] = {}
    if attr.REQUEST_MODEL in attributes:
        if _CALL.match(span.name):
            found[attr.OPERATION] = "chat"
        for short, name in (("feature", attr.FEATURE), ("prompt_version", attr.PROMPT_VERSION)):
            if short in sent:  # such short names mean this beside a model alone
                found[name] = sent[short]
    elif span.name.startswith("tool."):
        found[attr.OPERATION] = "execute_tool"
    elif span.name.startswith("agent."):
        found[attr.OPERATION] = "plan" if span.name == "agent.plan" else "invoke_workflow"
    if "llm.input_tokens" in sent and attr.INPUT_TOKENS not in sent:
        found[attr.USAGE_ESTIMATED] = True
    if sent.get(_ERROR) is True:
        raised = [event.attributes[_EXCEPTION] for event in span.events if _EXCEPTION in event.attributes]
        found[attr.ERROR_TYPE] = raised[-1] if raised else "_OTHER"  # the conventions' word where none is known
    return found


def _correct(span: Span, attributes: Attributes) -> Mapping[str, Value]:
    """Who writes this name passes on Claude's own counts, whose input leaves cached tokens out."""
    sent = span.attributes
    if _CACHED not in sent or attr.CACHE_READ_TOKENS in sent or attributes.get(attr.PROVIDER) != "anthropic":
        return {}
    counted, cached = as_count(sent.get(attr.INPUT_TOKENS)), as_count(sent[_CACHED])
    return {} if counted is None or cached is None else {attr.INPUT_TOKENS: counted + cached}


def _content(span: Span) -> Content:
    get = span.attributes.get
    asked = get("llm.prompt") or get("user_message") or get("user.query")
    return Content(messages.read(asked, "user"), messages.read(get("llm.response"), "assistant"))


DIALECT: Final = Dialect(
    "Hand-written, as tutorials do",
    names={
        "llm.model": attr.REQUEST_MODEL,
        "llm.provider": attr.PROVIDER,
        "llm.input_tokens": attr.INPUT_TOKENS,
        "llm.output_tokens": attr.OUTPUT_TOKENS,
        "llm.tokens.input": attr.INPUT_TOKENS,
        "llm.tokens.output": attr.OUTPUT_TOKENS,
        _CACHED: attr.CACHE_READ_TOKENS,
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
    marks=frozenset({_ERROR, "llm.prompt", "llm.response", "user_message", "user.query"}),
    milliseconds=frozenset({"llm.ttft_ms"}),
    infer=_infer,
    correct=_correct,
    content=_content,
)
