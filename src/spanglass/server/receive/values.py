"""Attribute bytes become Python values; what repeats is parsed once."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from spanglass.errors import MalformedPayload, PayloadTooLarge
from spanglass.server.record import Attributes, Value

# Long values (messages, stack traces) seldom repeat and would fill the memory.
_LONGEST = 128
_MOST = 8192


def read_value(value: AnyValue, depth: int) -> Value:
    """Return what an AnyValue holds; None where it holds nothing.

    Args:
        value: The message.
        depth: How many levels of arrays and maps may follow.

    Raises:
        PayloadTooLarge: There are more levels.
    """
    kind = value.WhichOneof("value")
    if kind is None or kind == "string_value_strindex":  # an index into a table that only profiles carry
        return None
    if kind not in {"array_value", "kvlist_value"}:
        scalar: str | bool | int | float | bytes = getattr(value, kind)
        return scalar
    if depth <= 0:
        raise PayloadTooLarge("An attribute's value is nested too deeply; send it flatter, or as JSON text.")
    if kind == "array_value":
        return tuple(read_value(part, depth - 1) for part in value.array_value.values)
    return {pair.key: read_value(pair.value, depth - 1) for pair in value.kvlist_value.values}


class Pairs(dict[bytes, tuple[str, Value]]):
    """Bytes of a KeyValue to its key and value, remembered for those that may come again.

    Looking up costs 0.1 us, parsing 1 us; of a typical span's attributes nine in ten were seen before. The memory is
    emptied when it is full: at most 8,192 pairs of at most 128 bytes, about 3 MB.
    """

    def __init__(self, depth: int) -> None:
        super().__init__()
        self._depth = depth

    def __missing__(self, data: bytes) -> tuple[str, Value]:
        try:
            message = KeyValue.FromString(data)
        except DecodeError as error:
            raise MalformedPayload(f"An attribute is not a protobuf KeyValue: {error}.") from error
        pair = (message.key, read_value(message.value, self._depth))
        if len(data) <= _LONGEST:
            if len(self) >= _MOST:
                self.clear()
            self[data] = pair
        return pair

    def read(self, attributes: Sequence[bytes]) -> Attributes:
        """Return attributes as a mapping; of a key that comes twice the last counts."""
        return dict(map(self.__getitem__, attributes))  # {key: value for ...} would unpack each pair: slower
