"""The facts of one call to a model, from a span that is one."""

from __future__ import annotations

from spanglass.call import Cost, CostState, Usage
from spanglass.semconv import attributes as attr
from spanglass.server.normalise.reading import as_count, as_flag, as_ns, as_text, as_texts, as_usd
from spanglass.server.record import Attributes, Call

# Spans of agents, workflows and plans repeat the usage of the calls below them and are never calls themselves
# (the conventions' rule for sums: inference and embeddings alone).
_CALLS = frozenset({"chat", "generate_content", "text_completion", "embeddings"})
_PROVIDERS = {
    "az.ai.inference": "azure.ai.inference",
    "az.ai.openai": "azure.ai.openai",
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "aws": "aws.bedrock",
    "amazon-bedrock": "aws.bedrock",
    "amazon_bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
    "google": "gcp.gen_ai",
    "google_genai": "gcp.gen_ai",
    "google_vertexai": "gcp.vertex_ai",
    "googleai": "gcp.gemini",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "moonshot": "moonshot_ai",
    "vertex_ai": "gcp.vertex_ai",
    "vertexai": "gcp.vertex_ai",
    "xai": "x_ai",
}
_RARER = frozenset(
    {
        attr.CACHE_WRITE_1H_TOKENS,
        attr.REASONING_TOKENS,
        attr.INPUT_AUDIO_TOKENS,
        attr.OUTPUT_AUDIO_TOKENS,
        attr.CACHE_READ_AUDIO_TOKENS,
        attr.INPUT_IMAGE_TOKENS,
        attr.OUTPUT_IMAGE_TOKENS,
        attr.ACCEPTED_PREDICTION_TOKENS,
        attr.REJECTED_PREDICTION_TOKENS,
        attr.WEB_SEARCHES,
        attr.USAGE_ESTIMATED,
    }
)
_TIER_NAMES = (
    attr.OPENAI_RESPONSE_SERVICE_TIER,
    attr.RESPONSE_SERVICE_TIER,
    attr.OPENAI_REQUEST_SERVICE_TIER,
    attr.REQUEST_SERVICE_TIER,
)
_TIERS = frozenset(_TIER_NAMES)
_COUNTS = (_RARER - {attr.USAGE_ESTIMATED}) | {
    attr.INPUT_TOKENS,
    attr.OUTPUT_TOKENS,
    attr.CACHE_READ_TOKENS,
    attr.CACHE_WRITE_TOKENS,
}


def read_call(attributes: Attributes) -> Call | None:
    """Return the call, or None for a span that is not one call to a model, or another account of one."""
    operation = attributes.get(attr.OPERATION)
    if not isinstance(operation, str) or operation not in _CALLS or attr.DUPLICATE_OF in attributes:
        return None
    get = attributes.get
    tier = None if _TIERS.isdisjoint(attributes) else _service_tier(attributes)
    producer = _producer_cost(attributes) if attr.COST_AMOUNT in attributes or attr.COST_EXACT in attributes else None
    reported = producer is not None and producer.state is CostState.REPORTED
    return Call(
        operation,
        provider_name(as_text(get(attr.PROVIDER))),
        as_text(get(attr.REQUEST_MODEL)),
        as_text(get(attr.RESPONSE_MODEL)),
        as_text(get(attr.RESPONSE_ID)),
        read_usage(attributes),
        as_texts(get(attr.FINISH_REASONS)),
        None if tier == "auto" else tier,
        as_flag(get(attr.REQUEST_STREAM)),
        as_ns(get(attr.TIME_TO_FIRST_CHUNK)),
        as_ns(get(attr.TIME_TO_FIRST_TOKEN)),
        as_count(get(attr.RESEND_COUNT)),
        as_flag(get(attr.STREAM_INCOMPLETE)) is True,
        producer.amount if producer is not None and reported else None,
        producer,
    )


def _service_tier(attributes: Attributes) -> str | None:
    """Return the tier that served the call, else the one asked for."""
    return next((tier for name in _TIER_NAMES if (tier := as_text(attributes.get(name))) is not None), None)


def provider_name(name: str | None) -> str | None:
    """Return a provider as the current conventions name it; one they do not name stays, in lower case."""
    return None if name is None else _PROVIDERS.get(name.lower(), name.lower())


def read_usage(attributes: Attributes) -> Usage | None:
    """Return the token counts as inclusive totals; None where the span says none.

    Some producers pass on Anthropic's own count, which leaves cached input out. Input below its own cached part can
    only mean that, so the parts are added; without this such a call would be priced too low.
    """
    if _COUNTS.isdisjoint(attributes):
        return None
    get = attributes.get
    total, output = as_count(get(attr.INPUT_TOKENS)), as_count(get(attr.OUTPUT_TOKENS))
    read, written = as_count(get(attr.CACHE_READ_TOKENS)), as_count(get(attr.CACHE_WRITE_TOKENS))
    cached = (read or 0) + (written or 0)
    if total is not None and total < cached:
        total += cached
    if _RARER.isdisjoint(attributes):
        return Usage(total, output, read, written)
    return Usage(
        total,
        output,
        read,
        written,
        as_count(get(attr.CACHE_WRITE_1H_TOKENS)),
        as_count(get(attr.REASONING_TOKENS)),
        as_count(get(attr.INPUT_AUDIO_TOKENS)),
        as_count(get(attr.OUTPUT_AUDIO_TOKENS)),
        as_count(get(attr.CACHE_READ_AUDIO_TOKENS)),
        as_count(get(attr.INPUT_IMAGE_TOKENS)),
        as_count(get(attr.OUTPUT_IMAGE_TOKENS)),
        as_count(get(attr.ACCEPTED_PREDICTION_TOKENS)),
        as_count(get(attr.REJECTED_PREDICTION_TOKENS)),
        as_count(get(attr.WEB_SEARCHES)),
        as_flag(get(attr.USAGE_ESTIMATED)) is True,
    )


def _producer_cost(attributes: Attributes) -> Cost | None:
    """Return what the producer of the span says it cost; None without an amount in US dollars."""
    amount = as_usd(attributes.get(attr.COST_EXACT))
    if amount is None:
        amount = as_usd(attributes.get(attr.COST_AMOUNT))
    if amount is None or (as_text(attributes.get(attr.COST_CURRENCY)) or "USD") != "USD":
        return None
    source = as_text(attributes.get(attr.COST_SOURCE))
    state = as_text(attributes.get(attr.COST_STATE))
    known = CostState(state) if state in {CostState.REPORTED, CostState.COMPUTED, CostState.ESTIMATED} else None
    if known is None:
        known = CostState.REPORTED if source == "provider" else CostState.COMPUTED
    return Cost(
        known,
        amount,
        source or "local",
        as_text(attributes.get(attr.COST_PRICE_ID)),
        as_text(attributes.get(attr.COST_TABLE)),
    )
