"""Attribute values as anybody may send them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass.server.normalise.reading import LONGEST, as_text, as_texts, as_usd


@pytest.mark.parametrize("said", ["1e-999999", "0e-999999", f"0.{'1' * 100_000}", "1e-9999999999"])
def test_an_amount_has_few_digits_however_it_is_spelled(said: str) -> None:
    """A few bytes of a span cannot become a megabyte wherever its cost is written out."""
    amount = as_usd(said)
    assert amount is not None
    assert len(format(amount, "f")) <= 20
    assert abs(amount - Decimal(said[:60])) < Decimal("1e-18")


@given(st.decimals(0, 999_999_999, allow_nan=False, allow_infinity=False, places=18))
def test_what_a_store_keeps_of_an_amount_is_exact(amount: Decimal) -> None:
    """Amounts of up to 18 places stay as they are said."""
    assert as_usd(str(amount)) == amount


def test_names_are_short_whatever_is_sent() -> None:
    """A prompt sent as somebody's id, or a hundred thousand tags, cost an answer no memory."""
    assert as_text("u" * 300_000) == "u" * LONGEST
    assert as_text("shop") == "shop"
    assert as_text("") is None
    assert as_texts("t" * 300_000) == ("t" * LONGEST,)
    assert as_texts(["t" * 300_000] * 100_000) == ("t" * LONGEST,) * 100
