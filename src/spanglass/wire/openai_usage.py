"""OpenAI's usage object, as it and its imitators write it: token counts, reported cost; chat, responses and embeddings.

Shapes: platform.openai.com/docs/api-reference (chat, responses, embeddings); OpenRouter usage accounting; DeepSeek
context caching; Perplexity and xAI API references.
"""

from __future__ import annotations

from decimal import Decimal

from spanglass.call import Usage
from spanglass.wire.document import count, mapping, money


def read_usage(value: object) -> Usage | None:
    """Return the counts of a usage object; None where it has neither input nor output."""
    if not isinstance(value, dict):
        return None
    got = value.get
    input_tokens = count(got("prompt_tokens", got("input_tokens")))
    output_tokens = count(got("completion_tokens", got("output_tokens")))
    if input_tokens is None and output_tokens is None:
        return None
    into = mapping(got("prompt_tokens_details") or got("input_tokens_details")).get
    out = mapping(got("completion_tokens_details") or got("output_tokens_details")).get
    reasoning = count(out("reasoning_tokens", got("reasoning_tokens")))
    if reasoning and input_tokens is not None and output_tokens is not None:
        # Where a host counts reasoning beside its output (xAI), its total says so.
        beside = got("total_tokens") == input_tokens + output_tokens + reasoning
        output_tokens += reasoning if beside else 0
    heard = into("cached_tokens_details")
    return Usage(
        input_tokens,
        output_tokens,
        # DeepSeek's own name for it, and Moonshot's place.
        cache_read_tokens=count(into("cached_tokens", got("prompt_cache_hit_tokens", got("cached_tokens")))),
        cache_write_tokens=count(into("cache_write_tokens")),
        reasoning_tokens=reasoning,
        input_audio_tokens=count(into("audio_tokens")),
        output_audio_tokens=count(out("audio_tokens")),
        cache_read_audio_tokens=count(heard.get("audio_tokens")) if isinstance(heard, dict) else None,
        input_image_tokens=count(into("image_tokens")),
        output_image_tokens=count(out("image_tokens")),
        accepted_prediction_tokens=count(out("accepted_prediction_tokens")),
        rejected_prediction_tokens=count(out("rejected_prediction_tokens")),
        web_searches=_searches(value),
    )


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


def _searches(usage: dict[str, object]) -> int | None:
    """Return the searches a host says it ran: Perplexity, OpenRouter."""
    return count(usage.get("num_search_queries", mapping(usage.get("server_tool_use")).get("web_search_requests")))
