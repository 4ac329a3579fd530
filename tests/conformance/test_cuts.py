"""Recorded answers of all providers, cut as a network may cut them."""

import pytest

from cassettes import names, recorded

RECORDED = [(provider, name) for provider in ("anthropic", "gemini", "ollama", "openai") for name in names(provider)]


@pytest.mark.parametrize(("provider", "name"), RECORDED)
def test_a_recorded_answer_is_the_same_at_every_cut(provider: str, name: str) -> None:
    """Wherever the bytes are cut in two, and cut into single bytes, the same is read; times alone differ."""
    exchange = recorded(provider, name)
    expected = exchange.read()
    length = len(exchange.body)
    splits = [range(1, length), *((cut,) for cut in range(1, length, max(1, length // 3000)))]
    for cuts in splits:
        response = exchange.read(cuts)
        assert response._replace(times=None) == expected._replace(times=None)
        assert (response.times and response.times.chunks) == (expected.times and expected.times.chunks)
