import decimal
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass.call import Cost, CostState, Usage
from spanglass.cost.price import price
from spanglass.cost.table import PriceTable

AT = 1_795_262_400 * 10**9  # 2026-11-21T12:00Z
TABLE = PriceTable.builtin().version
COUNTS = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "reasoning_tokens",
    "input_audio_tokens",
    "output_audio_tokens",
    "cache_read_audio_tokens",
    "input_image_tokens",
    "output_image_tokens",
    "accepted_prediction_tokens",
    "rejected_prediction_tokens",
    "web_searches",
)
KNOWN = (
    ("openai", "gpt-4o"),
    ("openai", "gpt-4o-audio-preview"),
    ("openai", "gpt-image-1"),
    ("openai", "gpt-5.6-sol"),
    ("anthropic", "claude-haiku-4-5"),
    ("gcp.gemini", "gemini-2.5-flash"),
    ("gcp.gemini", "gemini-2.5-pro"),
    ("perplexity", "sonar-deep-research"),
)


def cost_of(
    usage: Usage | None,
    provider: str = "openai",
    model: str = "gpt-4o",
    *,
    service_tier: str | None = None,
    reported: Decimal | None = None,
) -> Cost:
    """Price one call of 2026-11-21."""
    return price(usage, provider=provider, models=[model], at_ns=AT, service_tier=service_tier, reported=reported)


# The four states


def test_computed_says_all_it_used() -> None:
    """A computed cost carries its parts, the row and the table it came from."""
    assert cost_of(Usage(input_tokens=1000, output_tokens=100, cache_read_tokens=400)) == Cost(
        CostState.COMPUTED,
        amount=Decimal("0.0030"),
        source="local",
        price_id="openai/gpt-4o",
        table=TABLE,
        input_amount=Decimal("0.0020"),
        output_amount=Decimal("0.0010"),
    )


def test_what_the_provider_reports_wins() -> None:
    """A reported amount is taken as it is, with or without usage and a known model."""
    reported = Cost(CostState.REPORTED, Decimal("0.0123"), "provider")

    assert cost_of(Usage(input_tokens=1000, output_tokens=1000), reported=Decimal("0.0123")) == reported
    assert cost_of(None, provider="nobody", model="nothing", reported=Decimal("0.0123")) == reported
    assert cost_of(None, reported=Decimal(0)).state is CostState.REPORTED


@pytest.mark.parametrize("nonsense", ["NaN", "sNaN", "Infinity", "-1"])
def test_a_reported_amount_that_is_none_is_passed_over(nonsense: str) -> None:
    """What no provider can have charged does not win."""
    assert cost_of(Usage(input_tokens=1, output_tokens=1), reported=Decimal(nonsense)).state is CostState.COMPUTED


def test_estimated_usage_makes_an_estimated_cost() -> None:
    """The amount of an estimated usage is priced alike and says what it is."""
    known = Usage(input_tokens=10, output_tokens=20)

    assert cost_of(known._replace(estimated=True)) == cost_of(known)._replace(state=CostState.ESTIMATED)


@pytest.mark.parametrize("usage", [Usage(input_tokens=10), Usage(output_tokens=10)])
def test_a_missing_total_makes_a_lower_bound(usage: Usage) -> None:
    """Where a side that is billed was not counted, the rest is priced and the cost is estimated."""
    cost = cost_of(usage)

    assert cost.state is CostState.ESTIMATED
    assert cost.amount


def test_embeddings_have_no_output_to_miss() -> None:
    """A model that bills no output is computed from its input alone."""
    cost = cost_of(Usage(input_tokens=1000), model="text-embedding-3-small")

    assert (cost.state, cost.amount) == (CostState.COMPUTED, Decimal("0.00002"))


@pytest.mark.parametrize("usage", [None, Usage(), Usage(cache_read_tokens=5, web_searches=1)])
def test_no_count_no_amount(usage: Usage | None) -> None:
    """Without input and output counts there is no amount, not even 0."""
    assert cost_of(usage) == Cost(CostState.UNPRICED)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-of-tomorrow"),
        ("openai", ""),
        ("nobody", "gpt-4o"),
        ("ollama", "llama3.2"),
        ("openai", "o" * 100_000),
        ("o" * 100_000, "gpt-4o"),
        ("openai", "whisper-1"),
    ],
)
def test_unknown_is_unpriced(provider: str, model: str) -> None:
    """An unknown model or provider, a local model, and one billed by the hour have no amount and no row."""
    assert cost_of(Usage(input_tokens=5, output_tokens=5), provider, model) == Cost(CostState.UNPRICED)


def test_a_side_without_a_rate_is_unpriced() -> None:
    """Output of a model whose output has no price is not given away."""
    assert cost_of(Usage(input_tokens=5, output_tokens=5), model="text-embedding-3-small").state is CostState.UNPRICED


def test_no_provider_no_guess() -> None:
    """A model's name alone does not say who sold it, so it has no price."""
    usage = Usage(input_tokens=5, output_tokens=5)

    assert price(usage, provider=None, models=["gpt-4o"], at_ns=AT).state is CostState.UNPRICED
    assert price(usage, provider="openai", models=[None, None], at_ns=AT).state is CostState.UNPRICED


def test_the_response_model_comes_first() -> None:
    """The first model that has a price is taken: the response's, else the request's."""
    usage = Usage(input_tokens=5, output_tokens=5)

    def row(*models: str | None) -> str | None:
        return price(usage, provider="openai", models=models, at_ns=AT).price_id

    assert row("gpt-4o-mini-2024-07-18", "gpt-4o") == "openai/gpt-4o-mini"
    assert row("who-knows", "gpt-4o") == "openai/gpt-4o"
    assert row(None, "gpt-4o") == "openai/gpt-4o"


# Figures that people got wrong


@pytest.mark.parametrize(
    ("provider", "model", "usage", "amount"),
    [
        pytest.param(
            "anthropic",
            "claude-haiku-4-5-20251001",
            Usage(input_tokens=445, output_tokens=189, cache_read_tokens=200),
            "0.00121",
            id="Haiku 4.5 at the price of Claude 3 Haiku, four times too low",
        ),
        pytest.param(
            "gcp.gemini",
            "gemini-2.5-flash",
            Usage(input_tokens=1000, output_tokens=1000),
            "0.0028",
            id="Gemini 2.5 Flash at a price per thousand characters",
        ),
        pytest.param(
            "gcp.gemini",
            "gemini-2.5-flash",
            Usage(input_tokens=1000, output_tokens=3000, reasoning_tokens=2000),
            "0.0078",
            id="thinking is output",
        ),
        pytest.param(
            "openai",
            "gpt-4o",
            Usage(input_tokens=10_000, output_tokens=0, cache_read_tokens=8000),
            "0.015",
            id="cached input at half the price",
        ),
        pytest.param(
            "anthropic",
            "claude-sonnet-4-6",
            Usage(input_tokens=2000, output_tokens=0, cache_write_tokens=1000),
            "0.00675",
            id="writing to the cache costs more than reading",
        ),
        pytest.param(
            "anthropic",
            "claude-sonnet-4-6",
            Usage(input_tokens=2000, output_tokens=0, cache_write_tokens=1000, cache_write_1h_tokens=1000),
            "0.009",
            id="writing for an hour costs more still",
        ),
        pytest.param(
            "openai",
            "gpt-5.6-sol",
            Usage(input_tokens=1_000, output_tokens=0, cache_write_tokens=1_000),
            "0.005",
            id="OpenAI bills cache writes too",
        ),
        pytest.param(
            "aws.bedrock",
            "us.anthropic.claude-haiku-4-5-20251001-v1:0",
            Usage(input_tokens=1_000_000, output_tokens=0),
            "1.1",
            id="Bedrock in a region costs a tenth more",
        ),
        pytest.param(
            "openai",
            "ft:gpt-4o-mini-2024-07-18:acme::abc",
            Usage(input_tokens=1_000_000, output_tokens=0),
            "0.3",
            id="fine-tuned models cost more",
        ),
        pytest.param(
            "openai",
            "text-embedding-3-small",
            Usage(input_tokens=1),
            "0.00000002",
            id="one embedded token is not rounded away",
        ),
        pytest.param(
            "gcp.gemini",
            "gemini-2.5-pro",
            Usage(input_tokens=200_001, output_tokens=1000),
            "0.5150025",
            id="beyond the threshold the whole request costs more",
        ),
    ],
)
def test_figures_that_are_often_wrong(provider: str, model: str, usage: Usage, amount: str) -> None:
    """Known mistakes of hand-written price tables come out right."""
    cost = cost_of(usage, provider, model)

    assert (cost.state, cost.amount) == (CostState.COMPUTED, Decimal(amount))


def test_a_call_pays_the_price_of_its_day() -> None:
    """A call from before a price change is priced at the old price, whenever that is done."""
    usage = Usage(input_tokens=1_000_000, output_tokens=0)
    change = 1_787_270_400 * 10**9  # 2026-08-21T00:00Z

    def at(at_ns: int) -> Decimal | None:
        return price(usage, provider="openai", models=["gpt-5.6-sol"], at_ns=at_ns).amount

    assert (at(change - 1), at(change)) == (Decimal(10), Decimal(8))


def test_a_service_tier_is_read_in_any_case() -> None:
    """Providers write tiers in capitals too."""
    usage = Usage(input_tokens=1_000_000, output_tokens=0)

    assert cost_of(usage, model="gpt-5", service_tier="FLEX").amount == Decimal("0.625")


# Counts that contradict each other


@pytest.mark.parametrize(
    ("usage", "same_as"),
    [
        pytest.param(
            Usage(input_tokens=100, output_tokens=10, cache_read_tokens=2000),
            Usage(input_tokens=2000, output_tokens=10, cache_read_tokens=2000),
            id="more cached than there was input",
        ),
        pytest.param(
            Usage(input_tokens=100, output_tokens=10, cache_read_tokens=90, cache_write_tokens=90),
            Usage(input_tokens=180, output_tokens=10, cache_read_tokens=90, cache_write_tokens=90),
            id="more read and written than there was input",
        ),
        pytest.param(
            Usage(input_tokens=100, output_tokens=10, reasoning_tokens=500),
            Usage(input_tokens=100, output_tokens=500),
            id="more reasoning than there was output",
        ),
        pytest.param(
            Usage(input_tokens=100, output_tokens=10, cache_read_tokens=-5),
            Usage(input_tokens=100, output_tokens=10),
            id="a negative part",
        ),
        pytest.param(
            Usage(input_tokens=-100, output_tokens=10),
            Usage(input_tokens=0, output_tokens=10),
            id="a negative total",
        ),
        pytest.param(
            Usage(input_tokens=2**63, output_tokens=10),
            Usage(input_tokens=0, output_tokens=10),
            id="a total beyond 64 bits",
        ),
        pytest.param(
            Usage(input_tokens=100, output_tokens=10, cache_write_1h_tokens=40),
            Usage(input_tokens=100, output_tokens=10, cache_write_tokens=40, cache_write_1h_tokens=40),
            id="written for an hour but not written",
        ),
    ],
)
def test_contradictions_follow_the_stated_rules(usage: Usage, same_as: Usage) -> None:
    """Contradicting counts are priced by the rules in the module, and the cost says that it is estimated."""
    sound = cost_of(same_as, "anthropic", "claude-haiku-4-5")

    assert sound.state is CostState.COMPUTED
    assert cost_of(usage, "anthropic", "claude-haiku-4-5") == sound._replace(state=CostState.ESTIMATED)


def test_cached_images_billed_like_text_overlap_in_peace() -> None:
    """Where images cost what text costs, an image may be cached without any contradiction."""
    cost = cost_of(
        Usage(input_tokens=1000, output_tokens=0, cache_read_tokens=800, input_image_tokens=900),
        "gcp.gemini",
        "gemini-2.5-flash",
    )

    assert (cost.state, cost.amount) == (CostState.COMPUTED, Decimal("0.000084"))


def test_audio_that_must_have_been_cached_is_not_billed_twice() -> None:
    """Cached input and audio that do not fit side by side overlap: what is over was cached."""
    cost = cost_of(
        Usage(input_tokens=1000, output_tokens=0, cache_read_tokens=800, input_audio_tokens=900),
        "gcp.gemini",
        "gemini-2.5-flash",
    )

    assert (cost.state, cost.amount) == (CostState.ESTIMATED, Decimal("0.000224"))  # 800 cached, 200 audio


# Properties

anything = st.one_of(st.none(), st.integers(0, 5000), st.integers(), st.sampled_from([-1, 2**63 - 1, 2**63, 10**5000]))
usages = st.builds(Usage, estimated=st.booleans(), **dict.fromkeys(COUNTS, anything))


@given(
    usages,
    st.one_of(st.none(), st.text(), st.sampled_from([provider for provider, _ in KNOWN])),
    st.lists(st.one_of(st.none(), st.text(), st.sampled_from([model for _, model in KNOWN])), max_size=3),
    st.integers(-(2**63), 2**63),
    st.one_of(st.none(), st.text(), st.sampled_from(["batch", "flex", "priority"])),
)
def test_it_never_raises_and_always_adds_up(
    usage: Usage, provider: str | None, models: Sequence[str | None], at_ns: int, tier: str | None
) -> None:
    """Whatever it is given, a cost has an amount when and only when it is not unpriced, and its parts add up."""
    cost = price(usage, provider=provider, models=models, at_ns=at_ns, service_tier=tier)

    assert (cost.amount is None) == (cost.state is CostState.UNPRICED)
    if cost.amount is not None and cost.input_amount is not None and cost.output_amount is not None:
        with decimal.localcontext(prec=100):
            assert cost.amount == cost.input_amount + cost.output_amount
        assert cost.input_amount >= 0
        assert cost.output_amount >= 0


@given(st.text(), st.text(), usages)
def test_what_is_unknown_is_never_free(provider: str, model: str, usage: Usage) -> None:
    """A name that is nobody's has no amount, whatever was used."""
    assert cost_of(usage, f"unknown-{provider}", model).state is CostState.UNPRICED
    assert cost_of(usage, "openai", f"unknown-{model}").amount is None


totals = st.integers(0, 10**6)


@given(st.sampled_from(KNOWN), usages, totals, totals, totals, totals)
def test_more_tokens_never_cost_less(
    known: tuple[str, str], parts: Usage, input_tokens: int, output_tokens: int, more_in: int, more_out: int
) -> None:
    """With everything else as it was, more input or more output does not make a call cheaper."""
    usage = parts._replace(input_tokens=input_tokens, output_tokens=output_tokens)
    larger = parts._replace(input_tokens=input_tokens + more_in, output_tokens=output_tokens + more_out)
    cheap, dear = cost_of(usage, *known).amount, cost_of(larger, *known).amount

    if cheap is not None:
        assert dear is not None
        assert dear >= cheap


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(1, 1000))
def test_without_tiers_cost_scales_exactly(input_tokens: int, output_tokens: int, times: int) -> None:
    """Where there is no token tier, so many times the tokens cost exactly so many times as much."""
    once = cost_of(Usage(input_tokens=input_tokens, output_tokens=output_tokens)).amount
    often = cost_of(Usage(input_tokens=input_tokens * times, output_tokens=output_tokens * times)).amount

    assert once is not None
    assert often == once * times


def test_the_applications_decimal_context_changes_nothing() -> None:
    """An application that works with three digits gets the same exact amount."""
    usage = Usage(input_tokens=123_456_789, output_tokens=987_654_321)
    exact = cost_of(usage)
    with decimal.localcontext(prec=3):
        rounded = cost_of(usage)

    assert str(rounded.amount) == str(exact.amount) == "10185.1851825"
