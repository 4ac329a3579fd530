"""What the reading of one request has in common: limits, shared values, and what has to be told to the sender."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from sys import getsizeof
from typing import cast

from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope

from spanglass.errors import MalformedPayload, PayloadTooLarge
from spanglass.semconv import attributes as attr
from spanglass.server.receive import messages
from spanglass.server.receive.limits import SHARED, Limits
from spanglass.server.receive.outline import FLAT, exceeds
from spanglass.server.receive.values import Pairs
from spanglass.server.record import Attributes, Resource, Scope

LATEST_NS = 2**63 - 1
"""The year 2262; later times cannot be kept."""
_OLD_ENVIRONMENT = "deployment.environment"
_ITEM_BYTES = 400
"""A span's record with its ids and times; measured on CPython 3.11."""
_TRACE_ID_BYTES = 16
_SPAN_ID_BYTES = 8
_NO_TRACE = bytes(_TRACE_ID_BYTES)
_NO_SPAN = bytes(_SPAN_ID_BYTES)


class Reading:
    """The reading of one request.

    Attributes:
        limits: What the request may ask for.
        pairs: Attributes seen before.
        received_ns: When the request arrived.
        rejected: Items that could not be read.
        reason: Why, for the first of them; else what was put right in the first item that needed it.
    """

    def __init__(self, limits: Limits, pairs: Pairs, received_ns: int) -> None:
        self.limits = limits
        self.pairs = pairs
        self.received_ns = received_ns
        self.rejected = 0
        self.reason: str | None = None
        self._items = 0
        pairs.reader.begin()

    @property
    def held(self) -> int:
        """Bytes of memory that what was read takes, about; rather too many than too few."""
        return self._items * _ITEM_BYTES + self.pairs.reader.held

    def reject(self, reason: str) -> None:
        """Note that an item is left out."""
        if not self.rejected:
            self.reason = reason
        self.rejected += 1

    def repair(self, what: str) -> None:
        """Note that an item was put right and kept."""
        if self.reason is None:
            self.reason = what

    def count(self, items: int) -> None:
        """Count items before they are parsed.

        Raises:
            PayloadTooLarge: There are more than one request may carry.
        """
        self._items += items
        if self._items > self.limits.items:
            raise self._too_many()

    def parse(self, kind: type[Message], data: bytes) -> Message:
        """Parse a message that may have many parts, after they were counted.

        Raises:
            MalformedPayload: The bytes are not one.
            PayloadTooLarge: It has more parts than one request may carry items.
        """
        if len(data) > self.limits.items and exceeds(data, FLAT, self.limits.items):
            raise self._too_many()
        return parse(kind, data)

    def hold(self, *texts: str) -> None:
        """Count texts that stand beside the attributes."""
        self.pairs.reader.held += sum(map(getsizeof, texts))

    def attributes(self, data: Sequence[bytes]) -> Attributes:
        """Return an item's attributes, up to the limit."""
        if len(data) > self.limits.attributes:
            self.repair(f"An item has more than {self.limits.attributes} attributes; the rest was left out.")
            data = data[: self.limits.attributes]
        return self.pairs.read(data)

    def blocks(self, body: bytes) -> Iterator[tuple[Resource, Scope, list[bytes]]]:
        """Yield resource, scope and the bytes of each item; the same for all signals.

        Raises:
            MalformedPayload: The bytes are not an OTLP export request.
            PayloadTooLarge: There are too many.
        """
        # Each is let go as soon as its parts are known: a large item is held four times, not ten.
        blocks = self._resource_blocks(body)
        while blocks:
            resource, scopes = self._scope_blocks(blocks.pop())
            while scopes:
                scope, items = self._items_of(scopes.pop())
                yield resource, scope, items

    def _resource_blocks(self, body: bytes) -> list[bytes]:
        """Return the blocks of a request, the last first."""
        whole = cast("messages.BlocksMessage", self.parse(messages.BLOCKS, body))
        self.count(len(whole.resource_spans))
        return list(reversed(whole.resource_spans))

    def _scope_blocks(self, data: bytes) -> tuple[Resource, list[bytes]]:
        """Return who sent a block, and its parts, the last first."""
        block = cast("messages.ResourceBlock", self.parse(messages.RESOURCE_BLOCK, data))
        self.count(len(block.scope_spans))
        return self._resource(block.resource), list(reversed(block.scope_spans))

    def _items_of(self, data: bytes) -> tuple[Scope, list[bytes]]:
        inner = cast("messages.ScopeBlock", self.parse(messages.SCOPE_BLOCK, data))
        self.count(len(inner.spans))
        scope = cast("InstrumentationScope", self.parse(messages.SCOPE, inner.scope))
        return Scope(scope.name[:SHARED] or None, scope.version[:SHARED] or None), list(inner.spans)

    def _too_many(self) -> PayloadTooLarge:
        return PayloadTooLarge(
            f"One export carries more than {self.limits.items} items (spans, events, links, records or points); "
            "send smaller batches."
        )

    def _resource(self, data: bytes) -> Resource:
        message = cast("messages.ResourceMessage", self.parse(messages.RESOURCE, data))
        attributes = self.attributes(message.attributes)
        service = text(attributes.get(attr.SERVICE_NAME))
        if service is not None and service.partition(":")[0] == "unknown_service":
            service = None
        environment = attributes.get(attr.ENVIRONMENT) or attributes.get(_OLD_ENVIRONMENT)
        return Resource(_cut(service), _cut(text(environment)), attributes)


def _cut(name: str | None) -> str | None:
    return None if name is None else name[:SHARED]


def parse(kind: type[Message], data: bytes) -> Message:
    """Parse a message.

    Raises:
        MalformedPayload: The bytes are not one.
    """
    try:
        return kind.FromString(data)
    except DecodeError as error:
        name = kind.DESCRIPTOR.name
        raise MalformedPayload(
            f"The body is not an OTLP protobuf message (in {name}): it is cut or garbled."
        ) from error


def text(value: object) -> str | None:
    """Return a text that says something; None for anything else."""
    return value if isinstance(value, str) and value else None


def trace_id(data: bytes) -> str | None:
    """Return a trace id as hex; None where it has a wrong length or is all zero."""
    return data.hex() if len(data) == _TRACE_ID_BYTES and data != _NO_TRACE else None


def span_id(data: bytes) -> str | None:
    """Return a span id as hex; None where it has a wrong length or is all zero."""
    return data.hex() if len(data) == _SPAN_ID_BYTES and data != _NO_SPAN else None
