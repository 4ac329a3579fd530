"""The number that a trace is found by."""

from hypothesis import given
from hypothesis import strategies as st

from spanglass.server.store.rows import trace_key


def test_ids_made_by_hand_have_keys_of_their_own() -> None:
    """Ids of one repeated digit, or with one half only, are told apart."""
    ids = [digit * 32 for digit in "123456789abcdef"] + ["0" * 16 + "1" * 16, "1" * 16 + "0" * 16]

    assert len({trace_key(made) for made in ids}) == len(ids)


@given(st.integers(1, 2**128 - 1))
def test_a_key_fits_a_signed_column(number: int) -> None:
    """Whatever the id, its key is a signed 64-bit integer."""
    assert -(2**63) <= trace_key(f"{number:032x}") < 2**63
