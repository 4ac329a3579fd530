"""Langfuse: `langfuse.observation.*`, with usage, cost and the time of the first token as JSON text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from spanglass.semconv import attributes as attr
from spanglass.server.normalise import documents, messages
from spanglass.server.normalise.dialect import Content, Dialect
from spanglass.server.normalise.reading import as_count, as_usd
from spanglass.server.record import Attributes, Span, Value

_TYPE: Final = "langfuse.observation.type"
_MODEL: Final = "langfuse.observation.model.name"
_USAGE: Final = "langfuse.observation.usage_details"
_COST: Final = "langfuse.observation.cost_details"
_FIRST_TOKEN: Final = "langfuse.observation.completion_start_time"  # noqa: S105 - a name, not a secret
_INPUT: Final = "langfuse.observation.input"
_OUTPUT: Final = "langfuse.observation.output"
_OPERATIONS: Final = {
    "generation": "chat",
    "embedding": "embeddings",
    "agent": "invoke_agent",
    "tool": "execute_tool",
    "retriever": "retrieval",
}
"""A span, chain, guardrail, evaluator or event is no operation of the conventions; those keep their name."""
_CACHE_READ: Final = (
    "input_cached_tokens", "cache_read_input_tokens", "input_cache_read", "input_cache_read_tokens", "cached_tokens"
)  # fmt: skip
_CACHE_WRITE: Final = ("cache_creation_input_tokens", "input_cache_creation", "input_cache_write_tokens")
_CACHE_WRITE_5M: Final = "input_cache_creation_5m"
_CACHE_WRITE_1H: Final = "input_cache_creation_1h"
_REASONING: Final = ("output_reasoning_tokens", "output_reasoning", "reasoning_tokens")
_FAMILIES: Final = (
    ("gpt-", "openai"),
    ("chatgpt-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("text-embedding-", "openai"),
    ("claude-", "anthropic"),
    ("gemini-", "gcp.gemini"),
)
"""How names of models begin that one provider alone gives."""
_NANOSECONDS: Final = 1_000_000_000


def _infer(span: Span, attributes: Attributes) -> Mapping[str, Value]:
    sent = span.attributes
    kind = sent.get(_TYPE)
    found: dict[str, Value] = {}
    if isinstance(kind, str):
        # SDKs up to 3.3 call a generation a span.
        generation = kind == "generation" or (kind == "span" and (_USAGE in sent or _MODEL in sent))
        found[attr.OPERATION] = "chat" if generation else _OPERATIONS.get(kind, kind)
    model = attributes.get(attr.REQUEST_MODEL)
    if isinstance(model, str):  # it never says whose model that is, and without there is no price
        found[attr.PROVIDER] = next((whose for start, whose in _FAMILIES if model.startswith(start)), None)
    if _USAGE in sent:
        found |= read_buckets(documents.read_object(sent[_USAGE]))
    if _COST in sent:
        found[attr.COST_AMOUNT] = _total_cost(documents.read_object(sent[_COST]))
    if _FIRST_TOKEN in sent:
        found[attr.TIME_TO_FIRST_CHUNK] = _seconds_after(span.start_ns, sent[_FIRST_TOKEN])
        found[attr.REQUEST_STREAM] = True
    return found


def read_buckets(usage: Mapping[str, Value]) -> dict[str, Value]:
    """Return token counts as inclusive totals.

    Langfuse's keys are disjoint buckets: `input` leaves out `input_cached_tokens`, and totals are sums. OpenAI's own
    shape is passed on as it is, and inclusive. A total that is input plus output alone tells of a bucket that is a
    part of them after all.
    """
    if "prompt_tokens" in usage or "input_tokens_details" in usage:
        return _of_openai(usage)
    counts = {name: count for name, value in usage.items() if (count := as_count(value)) is not None}
    total = counts.pop("total", None)
    plain_input, plain_output = counts.get("input"), counts.get("output")
    inclusive = total is not None and total == (plain_input or 0) + (plain_output or 0)
    spent_in = [count for name, count in counts.items() if "input" in name]
    spent_out = [count for name, count in counts.items() if "output" in name]
    written = _sum_of(counts, (*_CACHE_WRITE, _CACHE_WRITE_5M, _CACHE_WRITE_1H))
    found: dict[str, Value] = {
        attr.INPUT_TOKENS: plain_input if inclusive else sum(spent_in) if spent_in else None,
        attr.OUTPUT_TOKENS: plain_output if inclusive else sum(spent_out) if spent_out else None,
        attr.CACHE_READ_TOKENS: _sum_of(counts, _CACHE_READ),
        attr.CACHE_WRITE_TOKENS: written,
        attr.CACHE_WRITE_1H_TOKENS: counts.get(_CACHE_WRITE_1H),
        attr.REASONING_TOKENS: _sum_of(counts, _REASONING),
        attr.INPUT_AUDIO_TOKENS: counts.get("input_audio_tokens"),
        attr.OUTPUT_AUDIO_TOKENS: counts.get("output_audio_tokens"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _of_openai(usage: Mapping[str, Value]) -> dict[str, Value]:
    sent, received = ("prompt", "completion") if "prompt_tokens" in usage else ("input", "output")
    found = {
        attr.INPUT_TOKENS: usage.get(f"{sent}_tokens"),
        attr.OUTPUT_TOKENS: usage.get(f"{received}_tokens"),
        attr.CACHE_READ_TOKENS: documents.dig(usage, f"{sent}_tokens_details", "cached_tokens"),
        attr.CACHE_WRITE_TOKENS: documents.dig(usage, f"{sent}_tokens_details", "cache_write_tokens"),
        attr.REASONING_TOKENS: documents.dig(usage, f"{received}_tokens_details", "reasoning_tokens"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _sum_of(counts: Mapping[str, int], names: tuple[str, ...]) -> int | None:
    known = [counts[name] for name in names if name in counts]
    return sum(known) if known else None


def _total_cost(costs: Mapping[str, Value]) -> Value:
    total = as_usd(costs.get("total"))
    if total is not None:
        return str(total)
    parts = [amount for value in costs.values() if (amount := as_usd(value)) is not None]
    return str(sum(parts)) if parts else None


def _seconds_after(start_ns: int, value: Value) -> float | None:
    """Return seconds from a start to an ISO time, which may be wrapped in quotes of JSON."""
    text = documents.read(value)
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - start_ns / _NANOSECONDS)


def _content(span: Span) -> Content:
    get = span.attributes.get
    if get(_TYPE) == "tool":
        return Content(
            tool_arguments=documents.read(get(_INPUT), documents.LARGE),
            tool_result=documents.read(get(_OUTPUT), documents.LARGE),
        )
    return Content(messages.read(get(_INPUT), "user"), messages.read(get(_OUTPUT), "assistant"))


DIALECT: Final = Dialect(
    "Langfuse",
    scopes=("langfuse-sdk",),
    names={
        _MODEL: attr.REQUEST_MODEL,
        "langfuse.observation.prompt.name": attr.PROMPT_NAME,
        "langfuse.observation.prompt.version": attr.PROMPT_VERSION,
        "langfuse.user.id": attr.USER_ID,
        "langfuse.session.id": attr.SESSION_ID,
        "langfuse.trace.tags": attr.TAGS,
    },
    marks=frozenset({_TYPE, _USAGE, _COST, _FIRST_TOKEN, _INPUT, _OUTPUT}),
    infer=_infer,
    content=_content,
)
