"""OpenAI's usage object, as it and its imitators write it: token counts, reported cost; chat, responses and embeddings.

Shapes: platform.openai.com/docs/api-reference (chat, responses, embeddings); OpenRouter usage accounting; DeepSeek
context caching; Perplexity and xAI API references.
"""

from __future__ import annotations

from decimal import Decimal

from spanglass.call import Usage
from spanglass.wire.document import count, first, mapping, money

_NOTHING = Usage()


def read_usage(value: object) -> Usage | None:
    """Return the counts of a usage object; None where it says none."""
    if not isinstance(value, dict):
        return None
    got = value.get
    into = mapping(got("prompt_tokens_details") or got("input_tokens_details"))
    out = mapping(got("completion_tokens_details") or got("output_tokens_details"))
    cached = mapping(into.get("cached_tokens_details"))
    input_tokens = first(count(got("prompt_tokens")), count(got("input_tokens")))
    reasoning = first(count(out.get("reasoning_tokens")), count(got("reasoning_tokens")))
    usage = Usage(
        input_tokens=input_tokens,
        output_tokens=_inclusive(
            input_tokens,
            first(count(got("completion_tokens")), count(got("output_tokens"))),
            reasoning,
            count(got("total_tokens")),
        ),
        cache_read_tokens=first(
            count(into.get("cached_tokens")),
            count(got("prompt_cache_hit_tokens")),  # DeepSeek
            count(got("cached_tokens")),  # Moonshot
        ),
        cache_write_tokens=count(into.get("cache_write_tokens")),
        reasoning_tokens=reasoning,
        input_audio_tokens=count(into.get("audio_tokens")),
        output_audio_tokens=count(out.get("audio_tokens")),
        cache_read_audio_tokens=count(cached.get("audio_tokens")),
        input_image_tokens=count(into.get("image_tokens")),
        output_image_tokens=count(out.get("image_tokens")),
        accepted_prediction_tokens=count(out.get("accepted_prediction_tokens")),
        rejected_prediction_tokens=count(out.get("rejected_prediction_tokens")),
        web_searches=first(
            count(got("num_search_queries")),  # Perplexity
            count(mapping(got("server_tool_use")).get("web_search_requests")),  # OpenRouter
        ),
    )
    return None if usage == _NOTHING else usage


def read_cost(value: object) -> Decimal | None:
    """Return what a usage object says the call cost, in USD (OpenRouter, Perplexity); None where it says nothing."""
    usage = mapping(value)
    cost = usage.get("cost")
    if isinstance(cost, dict):
        return money(cost.get("total_cost"))
    amount = money(cost)
    if amount is None or usage.get("is_byok") is not True:
        return amount
    # With the user's own key OpenRouter's `cost` is its fee alone; the provider's charge stands beside it.
    upstream = money(mapping(usage.get("cost_details")).get("upstream_inference_cost"))
    return amount if upstream is None else amount + upstream


def _inclusive(input_tokens: int | None, output: int | None, reasoning: int | None, total: int | None) -> int | None:
    """Add reasoning where a host counts it beside its output (xAI): its total then says so."""
    if not reasoning or input_tokens is None or output is None or total != input_tokens + output + reasoning:
        return output
    return output + reasoning
