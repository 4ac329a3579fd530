"""A received message as any of the three clients hands it over, read one way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeAlias, TypeVar

V = TypeVar("V")


class Record(Protocol):
    """A message of kafka-python or aiokafka: its parts are values."""

    @property
    def topic(self) -> str:
        """Its topic."""

    @property
    def offset(self) -> int:
        """Its place in its partition."""


class Delivered(Protocol):
    """A message of confluent-kafka: its parts are methods."""

    def topic(self) -> str | None:
        """Its topic."""

    def offset(self) -> int | None:
        """Its place in its partition."""


KafkaMessage: TypeAlias = Record | Delivered


class Message(NamedTuple):
    """What is known of a message; unknown is None.

    Attributes:
        topic: Its topic.
        partition: Its partition.
        offset: Its place in the partition.
        timestamp_ms: When it was made or appended, milliseconds since the epoch.
        key: Its key, raw or as a deserialiser made it.
        size: Bytes of its body; 0 where it has none.
        tombstone: It has no body.
        headers: Name-value pairs.
    """

    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    timestamp_ms: int | None = None
    key: object = None
    size: int | None = None
    tombstone: bool = False
    headers: object = None


NOTHING = Message()
"""Stands for what is no message."""


def message_of(given: object) -> Message | None:
    """Read a message.

    Args:
        given: A `ConsumerRecord` of kafka-python or aiokafka, or a `Message` of confluent-kafka.

    Returns:
        Its parts; None where it is none of these.
    """
    if not (hasattr(given, "topic") and hasattr(given, "partition") and hasattr(given, "offset")):
        return None
    read = _called if callable(given.topic) else getattr
    value = read(given, "value", None)
    size = getattr(given, "serialized_value_size", None)
    return Message(
        topic=_typed(read(given, "topic", None), str),
        partition=_typed(read(given, "partition", None), int),
        offset=_typed(read(given, "offset", None), int),
        timestamp_ms=_timestamp(read(given, "timestamp", None)),
        key=read(given, "key", None),
        size=size if isinstance(size, int) and size >= 0 else size_of(value),
        tombstone=value is None,
        headers=read(given, "headers", None),
    )


def messages_of(given: object) -> Iterator[Message]:
    """Read a batch: messages, or a mapping of partitions to messages as `poll` and `getmany` return it.

    What can be read only once is left to the application.
    """
    lists = given.values() if isinstance(given, Mapping) else (given,)
    for one in lists:
        for each in one if isinstance(one, Sequence) else ():
            if (message := message_of(each)) is not None:
                yield message


def size_of(value: object) -> int | None:
    """Return how many bytes a body takes; None where a serialiser of the client's decides it."""
    if value is None:
        return 0
    if isinstance(value, str):
        return len(value.encode("utf-8", "replace"))
    if isinstance(value, memoryview):
        return value.nbytes
    return len(value) if isinstance(value, bytes | bytearray) else None


def _called(given: object, name: str, default: object) -> object:
    """Read a part of confluent-kafka's message, where parts are methods."""
    part = getattr(given, name, None)
    return part() if callable(part) else default


def _typed(value: object, kind: type[V]) -> V | None:
    return value if isinstance(value, kind) else None


def _timestamp(value: object) -> int | None:
    """confluent-kafka says first which of the broker's kinds it is; nothing below 1 is a time."""
    if isinstance(value, tuple):
        value = value[1] if len(value) == 2 else None
    return value if isinstance(value, int) and value > 0 else None
