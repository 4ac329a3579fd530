"""Records become rows that an engine takes, whatever is in them."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from records import T0, batch, call, computed, log, point, span
from spanglass.call import Usage
from spanglass.server.record import StoredSpan, Value
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.rows import LOG_COLUMNS, POINT_COLUMNS, SPAN_COLUMNS, Rows, json_text, tame, trace_key

wild_text = st.text(st.characters(codec=None), max_size=8)
wild_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | wild_text | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(wild_text, inner, max_size=3),
    max_leaves=8,
)
wild_counts = st.none() | st.integers(-(2**70), 2**70)
opens_a_store = settings(deadline=None, max_examples=40)
wild_money = st.decimals(allow_nan=False, allow_infinity=False)


def test_every_row_has_a_value_for_every_column() -> None:
    """Rows are as long as their tables are wide, calls or not."""
    rows = Rows()

    for stored in (span(), call(), call(usage=Usage(), cost=computed("1"))):
        assert len(rows.span(stored, T0)[0]) == len(SPAN_COLUMNS)
    assert len(rows.log(log())) == len(LOG_COLUMNS)
    assert len(rows.point(point())) == len(POINT_COLUMNS)


@given(st.integers(0, 2**128 - 1))
def test_a_trace_key_fits_64_bits(number: int) -> None:
    """Any trace id has a key that a signed 64-bit column holds."""
    assert -(2**63) <= trace_key(f"{number:032x}") < 2**63


def test_trace_keys_use_both_halves() -> None:
    """Ids that differ in one half alone, as padded 64-bit ids do, have keys of their own."""
    assert trace_key("0" * 31 + "1") != trace_key("0" * 31 + "2")
    assert trace_key("1" + "0" * 31) != trace_key("2" + "0" * 31)


@given(wild_values)
def test_json_text_is_valid(value: Value) -> None:
    """Any attribute value becomes JSON that reads back and is valid UTF-8."""
    json.loads(json_text(value).encode())


@opens_a_store
@given(st.lists(st.builds(lambda name, value: span(name=name, attributes={"k": value}), wild_text, wild_values)))
def test_any_text_is_stored(spans: list[StoredSpan]) -> None:
    """A store takes spans with any text and any attributes; none is refused."""
    store = DuckDBStore(None)
    numbered = [span(1, number, name=one.span.name, attributes=one.span.attributes) for number, one in enumerate(spans)]
    try:
        assert sum(store.write([batch(*numbered)]).stored.values()) == len(spans)
    finally:
        store.close()


@opens_a_store
@given(wild_counts, wild_money)
def test_any_number_is_stored(count: int | None, amount: Decimal) -> None:
    """A store takes any count and any amount; an amount that fits is exact to 18 places, another is unpriced."""
    store = DuckDBStore(None)
    try:
        store.write([batch(call(usage=Usage(input_tokens=count), cost=computed(str(amount))))])
        (row,) = store.select("SELECT input_tokens, cost_state, cost_amount FROM spans", {})
    finally:
        store.close()

    assert row["input_tokens"] == (None if count is None else max(-(2**63), min(count, 2**63 - 1)))
    if row["cost_amount"] is None:
        assert row["cost_state"] == "unpriced"
        assert abs(amount) >= Decimal(10) ** 20 - 1
    else:
        assert abs(Decimal(str(row["cost_amount"])) - amount) <= Decimal("1e-18")


def test_only_the_odd_cell_of_a_row_is_tamed() -> None:
    """Taming leaves what fits as it is."""
    assert tame(("a", 1, None, True, 0.5, "b\ud800"), ("v", "w", "x", "y", "z", "name")) == (
        *("a", 1, None, True, 0.5),
        "b?",
    )
