import pytest

from spanglass.standin.scenario import MEANINGS, Scenario, parse


def test_every_scenario_says_what_it_does() -> None:
    """No scenario is without a meaning, because the docs and --help are made from them."""
    assert set(MEANINGS) == set(Scenario)


def test_a_header_names_several_with_numbers() -> None:
    """Scenarios combine, each with its own number."""
    assert parse(" rate-limited:2, cached ", model="gpt-4o") == {Scenario.RATE_LIMITED: 2.0, Scenario.CACHED: None}


def test_a_model_name_asks_where_no_header_can() -> None:
    """`standin-cut` asks for a cut; an ordinary name asks for nothing."""
    assert parse(None, model="standin-cut") == {Scenario.CUT: None}
    assert parse(None, model="gpt-4o-mini") == {}


def test_the_header_goes_before_the_model() -> None:
    """A header, even an empty one, overrules the model's name."""
    assert parse("", model="standin-cut") == {}


@pytest.mark.parametrize("header", ["late", "slow:x", "slow:-1", "slow:nan", "slow:inf", "slow:"])
def test_what_is_unknown_is_refused_with_the_list(header: str) -> None:
    """A misspelt scenario fails and lists the names, instead of passing as a plain answer."""
    with pytest.raises(ValueError, match=r"there are: plain, tools"):
        parse(header, model="gpt-4o")
