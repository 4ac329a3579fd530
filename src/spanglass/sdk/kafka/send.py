"""Sending of one message: context in its headers, and a span that lasts until the broker has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, get_current_span

from spanglass.sdk import active
from spanglass.sdk.calls.attributes import Attributes
from spanglass.sdk.guard import safely
from spanglass.sdk.kafka.exchange import ExchangeRun, key_shown
from spanglass.sdk.kafka.message import size_of
from spanglass.sdk.propagation.message import inject
from spanglass.sdk.structure.place import Place
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics

_guard = safely("kafka.send")
# OpenTelemetry's, where the application has switched them on: they put the context in themselves.
_OTHERS = frozenset(f"opentelemetry.instrumentation.{name}" for name in ("kafka", "aiokafka", "confluent_kafka"))
Headers: TypeAlias = list[tuple[str, bytes]]


class SendRun(ExchangeRun):
    """One message on its way to the broker; never the current span, for the call returns before it ends.

    Args:
        topic: Its topic.
        key: Its key.
        value: Its body.
    """

    operation = "send"
    kind = SpanKind.PRODUCER
    measured = metrics.MESSAGING_SEND

    def __init__(self, topic: str, key: object, value: object) -> None:
        super().__init__(topic)
        self._key = key
        self._value = value
        self._delivery: Attributes = {}

    def headers(self, given: object) -> Headers:
        """Return the message's headers with the context in them; the application's own list stays as it is."""
        pairs = given.items() if isinstance(given, Mapping) else given or ()
        return inject(list(pairs), context=self._context)  # type: ignore[call-overload] # as the client takes them

    @_guard
    def delivered(self, partition: object, offset: object, *, size: int | None = None, after_s: float = 0.0) -> None:
        """End it: the broker has the message.

        Args:
            partition: Where it is.
            offset: At which place there; negative where the broker was not asked.
            size: Bytes of its body, where the client tells.
            after_s: How long it took, where the client tells; until now otherwise.
        """
        if isinstance(partition, int) and partition >= 0:
            self._delivery[attr.MESSAGING_PARTITION] = str(partition)
        if isinstance(offset, int) and offset >= 0:
            self._delivery[attr.KAFKA_OFFSET] = offset
        if size is not None and size >= 0:
            self._delivery[attr.MESSAGING_BODY_SIZE] = size
        if after_s > 0.0:
            self.settle(self._began.monotonic_ns + round(after_s * 1e9))
        else:
            self.end()

    def _attributes(self, place: Place) -> Attributes:
        attributes = super()._attributes(place)
        if (size := size_of(self._value)) is not None:
            attributes[attr.MESSAGING_BODY_SIZE] = size
        if self._value is None:
            attributes[attr.KAFKA_TOMBSTONE] = True
        if (key := key_shown(self._key)) is not None:
            attributes[attr.KAFKA_MESSAGE_KEY] = key
        self._key = self._value = None  # not kept until delivery
        return attributes

    def _results(self) -> Attributes:
        return self._delivery


def sending(topic: object, key: object, value: object) -> SendRun | None:
    """Begin to send a message; None where nothing is to be recorded, or another instrumentation does it."""
    if active.current() is None or not isinstance(topic, str) or _is_seen():
        return None
    run = SendRun(topic, key, value)
    run.start()
    return run if run.is_open else None


def _is_seen() -> bool:
    span = get_current_span()
    scope = span.instrumentation_scope if isinstance(span, ReadableSpan) else None
    return scope is not None and scope.name in _OTHERS
