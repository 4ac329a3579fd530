"""Bytes held at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass.errors import Overloaded
from spanglass.server.allowance import Allowance
from spanglass.server.memory import Memory


def test_what_does_not_fit_is_refused_and_not_counted() -> None:
    """The limit itself still fits; a byte more does not, and changes nothing."""
    allowance = Allowance(10)
    allowance.take(10)

    with pytest.raises(Overloaded, match="SPANGLASS_QUEUE_MIB"):
        allowance.take(1)

    assert allowance.held == 10


@given(st.lists(st.integers(0, 50), max_size=20))
def test_a_hold_gives_back_all_it_took(sizes: list[int]) -> None:
    """However a request ends, nothing of it stays counted."""
    allowance = Allowance(300)
    taken = 0
    try:
        with allowance.hold() as hold:
            for size in sizes:
                hold.add(size)
                taken += size
                assert allowance.held == taken
    except Overloaded:
        assert taken + max(sizes) > 300

    assert allowance.held == 0


@pytest.mark.parametrize(("round_s", "wait_s"), [(0.0, 1), (0.2, 1), (3.2, 7), (100, 30)])
def test_the_hint_follows_the_disk(round_s: float, wait_s: float) -> None:
    """A sender is told to wait two commits, at least 1 s and at most 30 s."""
    allowance = Allowance(0)
    allowance.took_round(round_s)

    with pytest.raises(Overloaded) as caught:
        allowance.take(1)

    assert caught.value.retry_after_s == wait_s


@pytest.mark.parametrize(
    ("held", "size", "reason"), [(0, 11, "size"), (0, 10, None), (1, 4, None), (1, 5, "queue"), (6, 1, "queue")]
)
def test_a_shortage_has_a_reason(held: int, size: int, reason: str | None) -> None:
    """What fits into an idle queue is kept whole; beside others, half of the queue is for whole exports."""
    allowance = Allowance(10)
    allowance.take(held)

    assert allowance.shortage(size) == reason


def test_at_the_ceiling_one_export_at_a_time_is_begun() -> None:
    """A process that is full says so to all but one, so that it always goes on."""
    allowance = Allowance(10, Memory(1))

    assert allowance.shortage(1) == "memory"
    with allowance.hold() as only:
        only.add(1)
        only.add(1)
        with allowance.hold() as other, pytest.raises(Overloaded, match="SPANGLASS_MEMORY_MIB"):
            other.add(1)
