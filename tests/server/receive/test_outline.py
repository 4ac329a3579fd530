"""Parts counted on the wire: as many as there are once parsed, and cheap however many are sent."""

import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from exports import values
from spanglass.server.receive.outline import FLAT, PAIR, VALUE, exceeds

SCRIPT = Path(__file__).parent / "hostile_bodies.py"


def parts_of(value: AnyValue) -> int:
    elements = [*value.array_value.values, *(entry.value for entry in value.kvlist_value.values)]
    return len(elements) + sum(map(parts_of, elements))


@given(values, st.integers(0, 8))
def test_as_many_elements_are_counted_as_there_are(value: AnyValue, most: int) -> None:
    """A value is too large exactly where more elements and entries than allowed come out of it, at any depth."""
    padded = ArrayValue(values=[value, AnyValue(string_value="x" * 100)])
    whole = AnyValue(array_value=padded)

    assert exceeds(whole.SerializeToString(), VALUE, most) == (2 + parts_of(value) > most)


def test_an_attribute_is_counted_by_its_value() -> None:
    """A key and a value are no elements; what the value holds is, and long text is one field."""
    entries = [KeyValue(key=str(number)) for number in range(5)]
    pair = KeyValue(key="k", value=AnyValue(kvlist_value=KeyValueList(values=entries))).SerializeToString()

    assert exceeds(pair, PAIR, 4)
    assert not exceeds(pair, PAIR, 5)
    assert not exceeds(KeyValue(key="k" * 99, value=AnyValue(string_value="x" * 99)).SerializeToString(), PAIR, 0)


def test_the_fields_of_any_message_are_counted() -> None:
    """Each field of a message is a part, of whatever wire type."""
    number, fixed64, fixed32, text = b"\x08\x96\x01", b"\x11" + bytes(8), b"\x1d" + bytes(4), b"\x22\x02hi"
    far = b"\x82\x7d\x80\x01" + bytes(128)  # field 2000, a length of two bytes

    assert exceeds(number + fixed64 + fixed32 + text + far, FLAT, 4)
    assert not exceeds(number + fixed64 + fixed32 + text + far, FLAT, 5)


@given(st.binary(max_size=80), st.integers(0, 20))
def test_bytes_that_are_no_message_are_left_to_the_parser(data: bytes, most: int) -> None:
    """Whatever the bytes, there is an answer."""
    assert exceeds(data, VALUE, most) in {True, False}


def test_a_walk_ends_where_there_is_nothing_to_count() -> None:
    """A message of very many fields that are no parts is given up."""
    assert exceeds(b"\x0a\x00" * 100_000, VALUE, 10)


def test_no_body_takes_much_memory_to_refuse() -> None:
    """Bodies of 14 MB with millions of empty parts are refused, and the process grows by six such bodies at most."""
    run = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, timeout=100, check=False)

    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < 90
