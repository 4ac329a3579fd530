"""Attribute bytes become Python values; what repeats is parsed once."""

from __future__ import annotations

from collections.abc import Sequence
from sys import getsizeof
from typing import TypeVar

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from spanglass.errors import MalformedPayload, PayloadTooLarge
from spanglass.server.receive.limits import Limits
from spanglass.server.receive.outline import PAIR, VALUE, Level, exceeds
from spanglass.server.record import Attributes, Value

_Parsed = TypeVar("_Parsed", KeyValue, AnyValue)
# Long values (messages, stack traces) seldom repeat and would fill the memory.
_LONGEST = 128
_MOST = 8192
_WALKED_FROM = 16 * 1024
# Measured on CPython 3.11: an entry of attributes, a key with its pair, an array or a map, a place in a tuple.
_ENTRY_BYTES = 40
_PAIR_BYTES = 120
_CONTAINER_BYTES = 64
_ELEMENT_BYTES = 8


class Values:
    """Reads values for one request at a time, and counts what their arrays and maps hold.

    Attributes:
        elements: Elements and entries of this request so far.
        held: Bytes of memory that what was read of this request takes, about.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.elements = 0
        self.held = 0

    def begin(self) -> None:
        """Begin another request."""
        self.elements = self.held = 0

    def count(self, elements: int, *, each: int) -> None:
        """Count elements before they are made.

        Args:
            elements: How many come.
            each: Bytes of memory one takes beside what it holds.

        Raises:
            PayloadTooLarge: There are more than one request may carry.
        """
        self.elements += elements
        self.held += _CONTAINER_BYTES + each * elements
        if self.elements > self._limits.elements:
            raise self._too_many()

    def parse(self, kind: type[_Parsed], data: bytes, level: Level) -> _Parsed:
        """Parse a KeyValue or an AnyValue that has no more elements than may still come.

        Raises:
            MalformedPayload: The bytes are not one.
            PayloadTooLarge: It has too many elements.
        """
        # A short value has too few elements to matter before they are counted one by one.
        if len(data) > _WALKED_FROM and exceeds(data, level, self._limits.elements - self.elements):
            raise self._too_many()
        try:
            return kind.FromString(data)
        except DecodeError as error:
            raise MalformedPayload(f"An attribute or a body is not protobuf: {error}.") from error

    def value(self, message: AnyValue) -> Value:
        """Return what an AnyValue holds; None where it holds nothing.

        Raises:
            PayloadTooLarge: It is nested too deeply, or has too many elements.
        """
        return self._value(message, self._limits.depth)

    def _value(self, message: AnyValue, depth: int) -> Value:
        kind = message.WhichOneof("value")
        if kind is None or kind == "string_value_strindex":  # an index into a table that only profiles carry
            return None
        if kind not in {"array_value", "kvlist_value"}:
            scalar: str | bool | int | float | bytes = getattr(message, kind)
            self.held += getsizeof(scalar)  # one character beyond the usual ones makes all of a text four bytes each
            return scalar
        if depth <= 0:
            raise PayloadTooLarge("An attribute's value is nested too deeply; send it flatter, or as JSON text.")
        if kind == "array_value":
            elements = message.array_value.values
            self.count(len(elements), each=_ELEMENT_BYTES)
            return tuple([self._value(element, depth - 1) for element in elements])
        entries = message.kvlist_value.values
        self.count(len(entries), each=_PAIR_BYTES)
        return {entry.key: self._value(entry.value, depth - 1) for entry in entries}

    def _too_many(self) -> PayloadTooLarge:
        return PayloadTooLarge(
            f"The arrays, maps and buckets of one export hold more than {self._limits.elements} elements; send smaller "
            "batches, or long lists as JSON text."
        )


class Pairs(dict[bytes, tuple[str, Value]]):
    """Bytes of a KeyValue to its key and value, remembered for those that may come again.

    Looking up costs 0.1 us, parsing 1 us; of a typical span's attributes nine in ten were seen before. The memory is
    emptied when it is full: at most 8,192 pairs of at most 128 bytes, about 3 MB.
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self.reader = Values(limits)

    def __missing__(self, data: bytes) -> tuple[str, Value]:
        message = self.reader.parse(KeyValue, data, PAIR)
        self.reader.held += _PAIR_BYTES
        pair = (message.key, self.reader.value(message.value))
        if len(data) <= _LONGEST:
            if len(self) >= _MOST:
                self.clear()
            self[data] = pair
        return pair

    def read(self, attributes: Sequence[bytes]) -> Attributes:
        """Return attributes as a mapping; of a key that comes twice the last counts."""
        self.reader.held += _ENTRY_BYTES * len(attributes)
        return dict(map(self.__getitem__, attributes))  # {key: value for ...} would unpack each pair: slower

    def body(self, data: bytes) -> Value:
        """Return what the bytes of an AnyValue hold, which nothing remembers."""
        return self.reader.value(self.reader.parse(AnyValue, data, VALUE))
