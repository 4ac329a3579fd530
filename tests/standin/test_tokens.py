from hypothesis import given
from hypothesis import strategies as st

from spanglass.standin import tokens


@given(st.text())
def test_the_tokens_of_a_text_are_the_text(text: str) -> None:
    """No character is lost or added by splitting, so streamed pieces add up to the answer."""
    assert "".join(tokens.split(text)) == text


@given(st.text(), st.integers(min_value=-3, max_value=50))
def test_a_head_has_at_most_its_limit(text: str, limit: int) -> None:
    """A text cut to a limit is within it and a start of the text."""
    cut = tokens.head(text, limit)
    assert text.startswith(cut)
    assert tokens.count(cut) <= max(limit, 0)


def test_english_is_about_four_characters_a_token() -> None:
    """The rule counts English about as the real tokenisers do, so demo costs look real."""
    text = "Passengers may take one cabin bag and one small personal item on board free of charge."
    assert 3 <= len(text) / tokens.count(text) <= 6
