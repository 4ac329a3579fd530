"""A stand-in that answers at once, and the real clients that talk to it."""

from collections.abc import Callable, Iterator

import openai
import pytest

from spanglass.standin.provider import create_app
from spanglass.standin.serve import serving

Wish = Callable[[str], dict[str, str]]


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """Where the stand-in listens."""
    with serving(create_app(seed=7)) as url:
        yield url


@pytest.fixture
def client(base_url: str) -> Iterator[openai.OpenAI]:
    """The real client, without retries of its own."""
    with openai.OpenAI(base_url=base_url, api_key="made-up", max_retries=0) as made:
        yield made


@pytest.fixture
def wish() -> Wish:
    """Headers that ask for scenarios."""
    return lambda scenarios: {"x-standin-scenario": scenarios}
