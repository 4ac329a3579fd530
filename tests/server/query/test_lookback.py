"""Slices of a range cover it without gaps, whatever the spans are like."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from records import T0, batch, span
from spanglass.server.query.lookback import SLICE_S, Lookback
from spanglass.server.store.duckdb import DuckDBStore

STARTS = st.lists(st.integers(0, 3) | st.integers(0, 2_000_000_000), max_size=80)


@settings(deadline=None, max_examples=25)
@given(STARTS, st.integers(1, 20), st.sampled_from([0.0, SLICE_S, 100.0]))
def test_slices_cover_the_range(starts: list[int], size: int, took_s: float) -> None:
    """Each slice ends where the one before began, the newest at the end of the range and the last at its start."""
    store = DuckDBStore(None)
    store.write([batch(*(span(1, number, at=at / 1e9) for number, at in enumerate(starts, 1)))])
    asked = range(T0, T0 + 1_500_000_000)
    slices, cut = Lookback(store, asked, spans=size), []
    for part in slices:
        slices.took(took_s)
        cut.append(part)
    store.close()

    assert [asked.stop, *(part.start for part in cut)] == [*(part.stop for part in cut), asked.start]
    assert all(part.start < part.stop for part in cut)


def test_slices_follow_how_long_they_take() -> None:
    """Slices that are quick grow, slow ones shrink, and stretches without spans cost none."""
    store = DuckDBStore(None)
    store.write([batch(*(span(1, number, at=(number % 1_000) / 1_000) for number in range(1, 2_001)))])
    asked = range(T0 - 10**15, T0 + 1_000_000_000)
    sizes = {took_s: cut(store, range(T0, asked.stop), took_s) for took_s in (0.0, SLICE_S, 100.0)}
    far = cut(store, asked, SLICE_S)
    store.close()

    assert sizes[0.0] < 6
    assert 15 < sizes[SLICE_S] < 25
    assert 60 < sizes[100.0] < 100
    assert far <= 40


def cut(store: DuckDBStore, asked: range, took_s: float) -> int:
    """Return how many slices there are where each takes so long."""
    slices, number = Lookback(store, asked, spans=100), 0
    for _ in slices:
        slices.took(took_s)
        number += 1
    return number
