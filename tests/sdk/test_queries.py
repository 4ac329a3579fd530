"""Queries in text: what is cut, and what is left."""

import pytest

from spanglass.sdk.queries import without_queries


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (
            "POST https://a.test/v1:generateContent?key=k&alt=sse failed",
            "POST https://a.test/v1:generateContent?… failed",
        ),
        (
            "Max retries exceeded with url: /v1/m:g?key=k (Caused by x)",
            "Max retries exceeded with url: /v1/m:g?… (Caused by x)",
        ),
        ("url='https://a.test/?x=1', again /b?y=2", "url='https://a.test/?…', again /b?…"),
        ("why? because a=b", "why? because a=b"),
        ("nothing here", "nothing here"),
    ],
)
def test_queries_are_cut_and_nothing_else(text: str, left: str) -> None:
    """An address keeps its path; a question stays one."""
    assert without_queries(text) == left


def test_a_long_text_takes_no_longer_than_its_length() -> None:
    """A text of many beginnings of queries is gone through once."""
    assert without_queries("/a?" * 200_000) == "/a?" * 200_000
