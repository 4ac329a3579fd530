from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cost import peer
from spanglass.call import CostState, Usage
from spanglass.cost.price import price

AT = 1_795_262_400 * 10**9  # 2026-11-21T12:00Z
PLAIN = Usage(input_tokens=1000, output_tokens=500)
USAGES = (
    PLAIN,
    Usage(input_tokens=12_345, output_tokens=678, cache_read_tokens=10_000),
    Usage(input_tokens=9000, output_tokens=1, cache_read_tokens=17, cache_write_tokens=4001),
    Usage(input_tokens=9000, output_tokens=1, cache_write_tokens=4001, cache_write_1h_tokens=3000),
    Usage(
        input_tokens=7000,
        output_tokens=3000,
        cache_read_tokens=2000,
        cache_read_audio_tokens=500,
        input_audio_tokens=1500,
        output_audio_tokens=777,
    ),
    Usage(input_tokens=7000, output_tokens=3000, input_image_tokens=6999, output_image_tokens=2990),
    Usage(input_tokens=7000, output_tokens=3000, reasoning_tokens=2999, web_searches=3),
    Usage(input_tokens=0, output_tokens=0),
)
BIG = ("openai", "anthropic", "google")
MODELS = [
    (provider, name) for provider in BIG for model in peer.PROVIDERS[provider].models for name in peer.spellings(model)
]
"""Every model of the big three, by every name."""


def assert_equal(provider: str, name: str, usage: Usage, *, at_ns: int = AT, tier: str | None = None) -> None:
    """Fail unless we and the package say the same.

    Two exceptions: where the package has no rate for a side that was used it charges nothing for it, and we say that
    the price is unknown; and our input holds the fees, which the package puts on neither side.
    """
    theirs = peer.ask(provider, name, usage, at_ns=at_ns, tier=tier)
    ours = price(usage, provider=provider, models=[name], at_ns=at_ns, service_tier=tier)
    if theirs is None:
        assert (ours.state, ours.amount) == (CostState.UNPRICED, None)
        return
    rates = vars(theirs.model_price)
    lacks_input = usage.input_tokens and rates.get("input_mtok") is None
    lacks_output = usage.output_tokens and rates.get("output_mtok") is None
    neither = rates.get("input_mtok") is None and rates.get("output_mtok") is None
    if lacks_input or lacks_output or neither:
        assert (ours.state, ours.amount) == (CostState.UNPRICED, None)
        return
    assert ours.state is CostState.COMPUTED or (usage.output_tokens is None and rates.get("output_mtok") is not None)
    assert ours.amount == theirs.total_price
    assert ours.output_amount == theirs.output_price
    assert ours.input_amount == theirs.total_price - theirs.output_price
    assert (ours.price_id or "").partition("/")[2] == theirs.model.id


@pytest.mark.parametrize("provider", peer.PROVIDERS)
def test_every_model_costs_what_the_package_says(provider: str) -> None:
    """Each model of each provider, by each name it goes by, costs the same for every kind of usage."""
    for model in peer.PROVIDERS[provider].models:
        for name in dict.fromkeys(peer.spellings(model)):
            for usage in USAGES if name == model.id or provider in BIG else USAGES[:3]:
                assert_equal(provider, name, usage)


@pytest.mark.parametrize("provider", peer.PROVIDERS)
def test_embeddings_cost_what_the_package_says(provider: str) -> None:
    """A usage without output costs the same, for models that bill no output above all."""
    for model in peer.PROVIDERS[provider].models:
        assert_equal(provider, model.id, Usage(input_tokens=1_234_567))


def tiered() -> Iterator[tuple[str, str, int]]:
    """Yield every model with token tiers and each of its thresholds."""
    for provider in peer.PROVIDERS.values():
        for model in provider.models:
            name = peer.name_of(provider, model)
            yield from ((provider.id, name, start) for start in peer.thresholds(model))


def test_token_tiers_change_where_the_package_changes() -> None:
    """One token below, at and above each threshold, the whole request is rated as the package does."""
    edges = list(tiered())

    assert len(edges) > 100
    for provider, name, start in edges:
        for tokens in (start - 1, start, start + 1):
            assert_equal(provider, name, Usage(input_tokens=tokens, output_tokens=10, cache_read_tokens=100))


def test_dated_prices_change_at_the_instant_the_package_changes() -> None:
    """A microsecond before, at and after each price change and each daily hour, the price is the package's."""
    count = 0
    for provider in peer.PROVIDERS.values():
        for model in provider.models:
            name = peer.name_of(provider, model)
            for instant in peer.turning_points(model):
                count += 1
                for at_ns in (instant - 1000, instant, instant + 1000):
                    for tier in (None, *peer.contexts(model)):
                        assert_equal(provider.id, name, USAGES[1], at_ns=at_ns, tier=tier)
    assert count > 200


def test_service_tiers_cost_what_the_package_says() -> None:
    """Batch, flex, priority, fast and default cost the package's price, and an unknown tier the standard one."""
    seen = set()
    for provider in peer.PROVIDERS.values():
        for model in provider.models:
            name = peer.name_of(provider, model)
            for tier in {*peer.contexts(model), "unheard-of"}:
                seen.add(tier)
                for usage in USAGES:
                    assert_equal(provider.id, name, usage, tier=tier)
    assert seen >= {"batch", "flex", "priority", "fast", "default"}


@st.composite
def consistent(draw: st.DrawFn) -> Usage:
    """Draw counts that fit into each other."""
    most = 2_000_000
    total_in, total_out = draw(st.integers(0, most)), draw(st.integers(0, most))
    read = draw(st.integers(0, total_in))
    write = draw(st.integers(0, total_in - read))
    read_audio = draw(st.integers(0, read))
    audio = read_audio + draw(st.integers(0, total_in - read - write))
    return Usage(
        input_tokens=total_in,
        output_tokens=total_out,
        cache_read_tokens=read,
        cache_write_tokens=write,
        cache_write_1h_tokens=draw(st.integers(0, write)),
        input_audio_tokens=audio,
        cache_read_audio_tokens=read_audio,
        output_audio_tokens=draw(st.integers(0, total_out)),
        web_searches=draw(st.integers(0, 50)),
    )


@given(
    st.sampled_from(MODELS),
    consistent(),
    st.integers(1_700_000_000, 1_830_000_000),
    st.sampled_from([None, "batch", "flex", "priority", "fast", "default"]),
)
def test_any_call_costs_what_the_package_says(
    named: tuple[str, str], usage: Usage, at_s: int, tier: str | None
) -> None:
    """Any consistent usage of any model of the big three, at any time and tier, costs the same."""
    assert_equal(*named, usage, at_ns=at_s * 10**9, tier=tier)
