"""The same question asked of the genai-prices package, whose figures ours are."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import genai_prices
from genai_prices import types as peer
from genai_prices.data import providers

from spanglass.call import Usage

PROVIDERS = {provider.id: provider for provider in providers}
NAMES = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "cache_write_1h_tokens": "cache_write_1h_tokens",
    "input_audio_tokens": "input_audio_tokens",
    "output_audio_tokens": "output_audio_tokens",
    "cache_read_audio_tokens": "cache_audio_read_tokens",
    "input_image_tokens": "input_image_tokens",
    "output_image_tokens": "output_image_tokens",
    "reasoning_tokens": "output_reasoning_tokens",
    "web_searches": "web_searches",
}
"""Our counts and the package's names for them."""


def moment(at_ns: int) -> datetime:
    """Return an instant as the package takes it."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_ns // 1000)


def ask(provider: str, name: str, usage: Usage, *, at_ns: int, tier: str | None = None) -> peer.PriceCalculation | None:
    """Price a usage with the package, None where it knows no price; a tier is said in each of its three ways."""
    counts = {theirs: getattr(usage, ours) for ours, theirs in NAMES.items() if getattr(usage, ours) is not None}
    context = {"service_tier": tier, "processing": tier, "speed": tier} if tier else None
    try:
        return genai_prices.calc_price(
            genai_prices.Usage(**counts),
            name,
            provider_id=provider,
            genai_request_timestamp=moment(at_ns),
            price_context=context,
        )
    except LookupError:
        return None


def spellings(model: peer.ModelInfo) -> Iterator[str]:
    """Yield names that a model goes by: its id and the texts in its match clauses."""
    yield model.id
    clauses: list[object] = [model.match]
    for clause in clauses:
        if isinstance(clause, peer.ClauseOr):
            clauses.extend(clause.or_)
        for field in ("equals", "starts_with", "ends_with", "contains"):
            if isinstance(text := getattr(clause, field, None), str):
                yield text


def name_of(provider: peer.Provider, model: peer.ModelInfo) -> str:
    """Return a name that means this model and no other before it in the package's list, its id if there is none."""
    return next((name for name in spellings(model) if provider.find_model(name) is model), model.id)


def sets(model: peer.ModelInfo) -> Iterator[tuple[object, peer.ModelPrice]]:
    """Yield every set of prices of a model with its constraint, those of service tiers included."""
    if isinstance(model.prices, peer.ModelPrice):
        yield None, model.prices
    else:
        yield from ((each.constraint, each.prices) for each in model.prices)
    yield from ((variant.constraint, variant.prices) for variant in model.price_variants or ())


def thresholds(model: peer.ModelInfo) -> set[int]:
    """Return the numbers of input tokens above which a model has other rates."""
    figures = (figure for _, prices in sets(model) for figure in vars(prices).values())
    return {tier.start for figure in figures if isinstance(figure, peer.TieredPrices) for tier in figure.tiers}


def turning_points(model: peer.ModelInfo) -> set[int]:
    """Return the instants, in nanoseconds, at which a model's price may change."""
    found = set()
    for constraint, _ in sets(model):
        if isinstance(constraint, peer.StartDateConstraint):
            found.add(datetime.combine(constraint.start_date, datetime.min.time(), UTC))
        elif isinstance(constraint, peer.TimeOfDateConstraint):
            hours = (constraint.start_time, constraint.end_time)
            found |= {datetime(2026, 11, 20, hour.hour, hour.minute, tzinfo=UTC) for hour in hours}
    return {int(instant.timestamp()) * 10**9 for instant in found}


def contexts(model: peer.ModelInfo) -> set[str]:
    """Return the service tiers that a model has prices for."""
    known = {"service_tier", "processing", "speed"}
    return {value for variant in model.price_variants or () for key, value in variant.when.items() if key in known}
