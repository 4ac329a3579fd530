from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from spanglass.cost.rates import KINDS, Rates, amount

figures = st.dictionaries(
    st.sampled_from([kind.name for kind in KINDS]),
    st.decimals(min_value=0, max_value=10**6, places=20, allow_nan=False) | st.integers(0, 10**6).map(Decimal),
)


@given(figures)
def test_whole_numbers_are_the_published_rates(published: dict[str, Decimal]) -> None:
    """Each whole number, over its places, is exactly the rate of one unit."""
    rates = Rates.of(published)

    for kind in KINDS:
        if kind.name in published:
            assert amount(getattr(rates, kind.name) * kind.per, rates.places) == published[kind.name]


def test_a_part_without_a_rate_is_billed_as_its_whole() -> None:
    """The nearest whole that has a rate lends it to a part; a fee without a rate is nothing."""
    rates = Rates.of({"input": Decimal(2), "cache_write": Decimal(3), "input_audio": Decimal(5)})

    assert (rates.places, rates.cache_write_1h, rates.cache_read_audio, rates.cache_read) == (6, 3, 5, 2)
    assert (rates.bills_output, rates.output, rates.web_search) == (False, 0, 0)


def test_amounts_have_one_spelling() -> None:
    """The same amount is always the same text, without trailing zeros."""
    assert [str(amount(units, 6)) for units in (1_500_000, 10_000_000, 0, 120)] == ["1.5", "10", "0", "0.00012"]
