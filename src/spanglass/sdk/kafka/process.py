"""Processing of received messages: a span that is current while the application's code runs, in the sender's trace."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar, cast, overload

from opentelemetry.context import Context
from opentelemetry.trace import SpanContext, SpanKind, get_current_span

from spanglass.sdk.calls.attributes import Attributes
from spanglass.sdk.calls.moment import Moment
from spanglass.sdk.context import CallContext, current, told
from spanglass.sdk.guard import safely
from spanglass.sdk.kafka.exchange import ExchangeRun, key_shown
from spanglass.sdk.kafka.message import NOTHING, KafkaMessage, Message, message_of, messages_of
from spanglass.sdk.propagation.message import extract
from spanglass.sdk.structure.ledger import Ledger
from spanglass.sdk.structure.place import Place
from spanglass.sdk.structure.unit import Unit
from spanglass.semconv import attributes as attr
from spanglass.semconv import metrics

_guard = safely("kafka.process")
# `Any` and not `object`: parameters are contravariant, and a decorator takes functions of any.
Handler = TypeVar("Handler", bound=Callable[..., Any])


class ConsumptionRun(ExchangeRun):
    """What the processing of one message and of several have in common.

    Args:
        topic: The topic; None where there are several.
        group: The consumer group that they were received for.
    """

    operation = "process"
    kind = SpanKind.CONSUMER
    measured = metrics.MESSAGING_PROCESS

    def __init__(self, topic: str | None, group: str | None) -> None:
        super().__init__(topic)
        self._group = group
        self._queued_s: float | None = None

    def _attributes(self, place: Place) -> Attributes:
        attributes = super()._attributes(place)
        if self._group is not None:
            attributes[attr.MESSAGING_GROUP] = self._group
        if self._queued_s is not None:
            attributes[attr.QUEUE_TIME] = self._queued_s
        return attributes

    def _measure(self, ledger: Ledger, seconds: float, error_type: str | None, context: Context) -> None:
        super()._measure(ledger, seconds, error_type, context)
        if self._queued_s is not None:
            labels = self._labels()
            del labels[attr.MESSAGING_OPERATION]
            ledger.record(metrics.MESSAGING_QUEUE_TIME, self._queued_s, labels, context)

    def _labels(self) -> dict[str, str | None]:
        return {**super()._labels(), attr.MESSAGING_GROUP: self._group}


class ProcessRun(ConsumptionRun):
    """The processing of one message, in the trace of who sent it.

    Args:
        message: The message.
        group: The consumer group that it was received for.
    """

    def __init__(self, message: Message, group: str | None) -> None:
        super().__init__(message.topic, group)
        self._message = message

    @_guard
    def start(self, began: Moment | None = None) -> None:
        """Begin, where the sender's context says."""
        began = Moment.now() if began is None else began
        self._queued_s = _queued(self._message, began)
        super().start(began._replace(context=extract(self._message.headers).context))

    def _attributes(self, place: Place) -> Attributes:
        attributes = super()._attributes(place)
        message = self._message
        if message.partition is not None:
            attributes[attr.MESSAGING_PARTITION] = str(message.partition)
        if message.offset is not None:
            attributes[attr.KAFKA_OFFSET] = message.offset
        if message.size is not None:
            attributes[attr.MESSAGING_BODY_SIZE] = message.size
        if message.tombstone:
            attributes[attr.KAFKA_TOMBSTONE] = True
        if (key := key_shown(message.key)) is not None:
            attributes[attr.KAFKA_MESSAGE_KEY] = key
        return attributes


class BatchRun(ConsumptionRun):
    """The processing of several messages at once, linked to each one's sender.

    Args:
        messages: The messages.
        group: The consumer group that they were received for.
    """

    def __init__(self, messages: Sequence[Message], group: str | None) -> None:
        topics = {message.topic for message in messages}
        super().__init__(topics.pop() if len(topics) == 1 else None, group)
        self._messages = messages

    @_guard
    def start(self, began: Moment | None = None) -> None:
        """Begin, where the application is; for whom, where all messages agree."""
        began = Moment.now() if began is None else began
        queued = [seconds for one in self._messages if (seconds := _queued(one, began)) is not None]
        self._queued_s = max(queued, default=None)
        contexts = [extract(message.headers).context for message in self._messages]
        agreed = _agreed([current(context) for context in contexts])
        super().start(began._replace(context=told(agreed, began.context)))
        for message, context in zip(self._messages, contexts, strict=True):
            self._link(message, get_current_span(context).get_span_context())

    def _link(self, message: Message, sender: SpanContext) -> None:
        if not sender.is_valid:
            return
        attributes: Attributes = {}
        if message.partition is not None:
            attributes[attr.MESSAGING_PARTITION] = str(message.partition)
        if message.offset is not None:
            attributes[attr.KAFKA_OFFSET] = message.offset
        self.span.add_link(sender, attributes)

    def _attributes(self, place: Place) -> Attributes:
        return {**super()._attributes(place), attr.MESSAGING_BATCH_COUNT: len(self._messages)}


@overload
def process(message: Handler, /) -> Handler: ...
@overload
def process(message: KafkaMessage, /, *, group: str | None = None) -> Unit[ProcessRun]: ...
def process(message: KafkaMessage | Handler, /, *, group: str | None = None) -> Unit[ProcessRun] | Handler:
    """Process one message in the trace of who sent it: `with`, `async with`, or a decorator of a handler.

    The span is `process {topic}`, of kind CONSUMER, and current inside, so that calls to models, queries and log lines
    belong to it; user, session, feature and prompt are the sender's. A message without a trace context begins a trace.
    What the handler raises passes through, and nothing is committed or received here.

    As a decorator it takes the first argument that is a message of one of the three clients:

        @spanglass.kafka.process
        def handle(message): ...

    Args:
        message: A `ConsumerRecord` of kafka-python or aiokafka, a `Message` of confluent-kafka; or a handler, which is
            a function or coroutine function.
        group: The consumer group, for the span and its metrics.
    """
    if inspect.isroutine(message):
        return cast("Handler", _around_handler(message))
    return _unit(_read(message) or NOTHING, group)


def process_batch(
    messages: Sequence[KafkaMessage] | Mapping[Any, Sequence[KafkaMessage]], /, *, group: str | None = None
) -> Unit[BatchRun]:
    """Process several messages at once: one span, linked to the span of each one's sender.

    The span is part of the trace that is current, if there is one. User, session, feature and prompt are known inside
    where all messages agree on them. OpenTelemetry keeps the first 128 links of a span, unless it is told otherwise.

    Args:
        messages: A list of messages; or what `poll` of kafka-python or `getmany` of aiokafka returned.
        group: The consumer group, for the span and its metrics.
    """
    read = _read_all(messages) or ()
    return Unit(None, lambda *_: BatchRun(read, group))


@_guard
def _read(message: object) -> Message | None:
    return message_of(message)


@_guard
def _read_all(messages: object) -> tuple[Message, ...]:
    return tuple(messages_of(messages))


def _unit(message: Message, group: str | None) -> Unit[ProcessRun]:
    return Unit(None, lambda *_: ProcessRun(message, group))


def _around_handler(handler: Callable[..., object]) -> Callable[..., object]:
    if inspect.iscoroutinefunction(handler):
        awaited = cast("Callable[..., Awaitable[object]]", handler)

        @wraps(handler)
        async def handled_async(*args: object, **kwargs: object) -> object:
            with _unit(_message_among(args, kwargs), None):
                return await awaited(*args, **kwargs)

        return handled_async

    @wraps(handler)
    def handled(*args: object, **kwargs: object) -> object:
        with _unit(_message_among(args, kwargs), None):
            return handler(*args, **kwargs)

    return handled


def _message_among(args: tuple[object, ...], kwargs: Mapping[str, object]) -> Message:
    with _guard:
        for given in (*args, *kwargs.values()):
            if (message := message_of(given)) is not None:
                return message
    return NOTHING


def _queued(message: Message, began: Moment) -> float | None:
    """Return the seconds since the message's timestamp; None where there is none, or the clocks disagree."""
    if message.timestamp_ms is None:
        return None
    seconds = began.wall_ns / 1e9 - message.timestamp_ms / 1e3
    return round(seconds, 6) if seconds >= 0 else None


def _agreed(known: Sequence[CallContext]) -> CallContext:
    columns = [set(column) for column in zip(*known, strict=True)]
    return CallContext(*[column.pop() if len(column) == 1 else None for column in columns])
