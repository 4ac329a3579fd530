import dataclasses
import datetime as dt
import enum
import json
from collections import UserDict
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from spanglass.sdk.structure.written import written

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


class Colour(enum.Enum):
    """An enumeration."""

    RED = "red"


class Point(NamedTuple):
    """A named tuple."""

    x: int
    y: int


@dataclasses.dataclass
class Order:
    """A dataclass."""

    number: int
    lines: list[str]


class Model:
    """What Pydantic's models look like."""

    def model_dump(self) -> dict[str, object]:
        """Return its fields."""
        return {"a": 1}


class Hostile(UserDict[str, object]):
    """Everything it is asked for fails."""

    def items(self) -> Any:  # noqa: ANN401 - the base's
        """Fail."""
        raise SystemError("no")

    def __repr__(self) -> str:
        raise RuntimeError("never")


class Mute:
    """Its `repr` fails."""

    def __repr__(self) -> str:
        raise RuntimeError("never")


@given(value=json_values)
def test_json_is_written_as_it_is(value: object) -> None:
    """What is JSON already comes back the same, lone surrogates aside."""
    text = json.dumps(value)
    if "\\ud" not in text:
        assert json.loads(written(value)) == value


@given(value=st.from_type(type).flatmap(st.from_type) | st.recursive(st.builds(Mute), st.lists))
def test_anything_is_written_as_json(value: object) -> None:
    """Any object of Python's gives JSON text, and no exception."""
    json.loads(written(value))


def test_the_applications_own_values() -> None:
    """Values are written by their parts or their text; what fails is named by its type."""
    value = {
        "colour": Colour.RED,
        "point": Point(1, 2),
        "order": Order(7, ["a"]),
        "model": Model(),
        "mute": Mute(),
        "hostile": Hostile(),
        "bytes": b"abc",
        "when": dt.date(2026, 1, 1),
        "amount": Decimal("1.50"),
        "huge": 10**5000,
        "nan": float("nan"),
        3: {1},
    }
    assert json.loads(written(value)) == {
        "colour": "red",
        "point": {"x": 1, "y": 2},
        "order": {"number": 7, "lines": ["a"]},
        "model": {"a": 1},
        "mute": "<Mute>",
        "hostile": "<Hostile>",
        "bytes": "<3 bytes>",
        "when": "2026-01-01",
        "amount": "1.50",
        "huge": "<int of 16610 bits>",
        "nan": "nan",
        "3": [1],
    }


def test_what_is_large_is_cut() -> None:
    """Cycles, depth, length and number are bounded."""
    cycle: list[object] = []
    cycle.append(cycle)
    wide = list(range(100_000))
    for value in (cycle, wide, "x" * 10**7, {"a": ["x" * 10**6] * 100}, {str(n): n for n in wide}):
        text = written(value)
        json.loads(text)
        assert len(text) < 300_000
        assert "…" in text
