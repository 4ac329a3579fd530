"""Names with numbers become lists again, whatever numbers strangers send."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass.server.normalise.flattened import unflatten


@pytest.mark.parametrize(
    ("attributes", "parts"),
    [
        ({"m.0.role": "a", "m.1.role": "b", "n.0.role": "c"}, [{"role": "a"}, {"role": "b"}]),
        ({"m.10.x": 10, "m.9.x": 9, "m.2.x": 2}, [{"x": 2}, {"x": 9}, {"x": 10}]),
        ({"m.0.calls.1.id": "b", "m.0.calls.0.id": "a"}, [{"calls": [{"id": "a"}, {"id": "b"}]}]),
        ({"m.999999.x": 1, "m.0.x": 0}, [{"x": 0}, {"x": 1}]),
        ({"m.0": "a", "m.1": "b"}, ["a", "b"]),
        ({"m.0": "leaf", "m.0.x": 1}, [{"x": 1}]),
        ({"m.0.x": 1, "m.0": "leaf"}, [{"x": 1}]),
        ({"m.9999999999.x": 1, "m.-1.x": 1, "m.x": 1, "m.": 1, "m.²": 1, "m.1e3.y": 1}, []),
        ({"m.0." + "a." * 40: 1}, []),
        ({}, []),
    ],
)
def test_numbers_order_the_parts(attributes: dict[str, Any], parts: list[Any]) -> None:
    """Parts come in the order of their numbers; gaps close, and names that are no place in a list are left out."""
    assert unflatten(attributes, "m.") == parts


@given(st.dictionaries(st.from_regex(r"m\.([0-9a.]{0,12})", fullmatch=True), st.integers(), max_size=20))
def test_any_names_are_survived(attributes: dict[str, Any]) -> None:
    """It never raises, and has no more parts than there are names."""
    assert len(unflatten(attributes, "m.")) <= len(attributes)
