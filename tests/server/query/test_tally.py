"""Sums and percentiles made in Python are those that SQL makes."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanglass.server.query.figures import percentiles
from spanglass.server.query.tally import Tally, spread
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.protocol import Row

amounts = st.decimals(0, 1000, places=18)


@pytest.fixture(scope="module")
def store() -> Iterator[DuckDBStore]:
    """Return an empty store."""
    made = DuckDBStore(None)
    yield made
    made.close()


@settings(deadline=None)
@given(values=st.lists(st.floats(0, 1000, allow_subnormal=False), min_size=1, max_size=30))
def test_percentiles_are_the_stores(store: DuckDBStore, values: list[float]) -> None:
    """Interpolation between values is that of the vocabulary, to the digits that answers show."""
    sql = "SELECT sg_percentiles(CAST(x AS DOUBLE)) AS found FROM (SELECT sg_each($given) AS x) AS given"
    row = store.select(sql, {"given": [repr(value) for value in values]})[0]
    said, found = percentiles(row["found"]), spread(values)

    assert (found.p50, found.p95, found.p99) == pytest.approx((said.p50, said.p95, said.p99), rel=1e-6, abs=1e-9)


def billed(state: str | None, amount: Decimal | None, tokens: int | None) -> Row:
    """Return the row of a call."""
    return {
        "input_tokens": tokens,
        "output_tokens": None,
        "cache_read_tokens": 0,
        "cache_write_tokens": None,
        "reasoning_tokens": None,
        "cost_state": state,
        "cost_amount": amount,
    }


@given(
    st.lists(st.tuples(st.sampled_from(["reported", "computed", "estimated"]), amounts), max_size=20), st.integers(0, 5)
)
def test_money_is_exact_and_keeps_its_states(costs: list[tuple[str, Decimal]], unpriced: int) -> None:
    """Amounts add up to the last digit, by state; what has no price is counted, and no cost at all is unknown."""
    halves = (Tally(), Tally())
    for place, (state, amount) in enumerate(costs):
        halves[place % 2].add(billed(state, amount, 1))
    for _ in range(unpriced):
        halves[0].add(billed("unpriced", None, None))
    halves[0].add(billed(None, None, None))
    whole = Tally()
    for half in halves:
        whole.include(half)

    money = whole.money
    assert (money.calls, money.unpriced) == (len(costs) + unpriced, unpriced)
    assert money.amount == (sum(amount for _, amount in costs) if costs else None)
    for state in ("reported", "computed", "estimated"):
        of_state = [amount for kind, amount in costs if kind == state]
        assert getattr(money, state) == (sum(of_state) if of_state else None)
    assert (whole.tokens.input, whole.tokens.output, whole.tokens.cache_read) == (len(costs) or None, None, 0)


def test_nothing_has_no_percentiles() -> None:
    """Of no values nothing is known."""
    assert spread([]).p50 is None
