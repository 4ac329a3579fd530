"""kafka-python's producer and connections, seen: what is replaced and how; what is recorded, others here say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

from spanglass.sdk import clock
from spanglass.sdk.frameworks.method import is_recorded, wrap_method
from spanglass.sdk.guard import safely
from spanglass.sdk.kafka.connect import ConnectRun, connecting
from spanglass.sdk.kafka.send import SendRun, sending

_guard = safely("kafka.kafka_python")
_HANDSHAKE = "_spanglass_handshake_ns"


class Sent(Protocol):
    """The parts of `RecordMetadata` that are used here."""

    partition: int
    offset: int
    serialized_value_size: int


class Future(Protocol):
    """The part of `FutureRecordMetadata` that is used here."""

    def add_callback(self, callback: Callable[[Sent], None]) -> object:
        """Call when the broker has the message."""

    def add_errback(self, errback: Callable[[BaseException], None]) -> object:
        """Call when it will not."""


class Node(Protocol):
    """The part of a broker's metadata that is used here."""

    host: str
    port: int


class Manager(Protocol):
    """The part of `KafkaConnectionManager` that is used here."""

    ssl_enabled: bool


class Connection(Protocol):
    """The part of `KafkaConnection` that is used here."""

    connected: bool
    transport: object
    init_future: Any


def switch_on(_: type | None) -> None:
    """See messages sent by every producer, and, from kafka-python 3 on, connections made."""
    from kafka import KafkaProducer  # noqa: PLC0415 - this module is imported for its name alone, too

    if not is_recorded(KafkaProducer, "send"):
        wrap_method(KafkaProducer, "send", _send)
    # Its connections are no public interface: where they are made otherwise, they are not seen.
    with suppress(ImportError, KeyError):
        from kafka.net.manager import KafkaConnectionManager  # noqa: PLC0415 - likewise
        from kafka.net.transport import KafkaSSLTransport, KafkaTCPTransport  # noqa: PLC0415 - likewise

        wrap_method(KafkaTCPTransport, "handshake", _handshake)
        wrap_method(KafkaSSLTransport, "handshake", _handshake)
        wrap_method(KafkaConnectionManager, "_connect", _connect)


def _send(
    original: Callable[..., Future],
    producer: object,
    topic: object,
    value: object = None,
    key: object = None,
    headers: object = None,
    *args: object,
    **kwargs: object,
) -> Future:
    # What is no list is refused by the client, as it must be.
    run = sending(topic, key, value) if headers is None or isinstance(headers, list) else None
    if run is None:
        return original(producer, topic, value, key, headers, *args, **kwargs)
    try:
        future = original(producer, topic, value, key, run.headers(headers), *args, **kwargs)
    except BaseException as error:
        run.end(error)
        raise
    with _guard:
        _await_delivery(run, future)
    return future


def _await_delivery(run: SendRun, future: Future) -> None:
    def delivered(sent: Sent) -> None:
        run.delivered(sent.partition, sent.offset, size=sent.serialized_value_size)

    future.add_callback(delivered)
    future.add_errback(run.end)


async def _handshake(original: Callable[..., Awaitable[None]], transport: object) -> None:
    began = clock.monotonic_ns()
    await original(transport)
    with _guard:
        setattr(transport, _HANDSHAKE, (began, clock.monotonic_ns()))


async def _connect(
    original: Callable[..., Awaitable[None]],
    manager: Manager,
    node: Node,
    connection: Connection,
    *args: object,
    **kwargs: object,
) -> None:
    run = _begun(manager, node)
    try:
        await original(manager, node, connection, *args, **kwargs)
    except BaseException as error:
        if run is not None:
            run.end(error)
        raise
    if run is not None:
        _connected(run, manager, connection)


@_guard
def _begun(manager: Manager, node: Node) -> ConnectRun | None:
    return connecting(node.host, node.port, tls=manager.ssl_enabled)


@_guard
def _connected(run: ConnectRun, manager: Manager, connection: Connection) -> None:
    times: tuple[int, int] | None = getattr(connection.transport, _HANDSHAKE, None)
    if times is not None:
        began_ns, ended_ns = times
        run.transport_made(ended_ns)
        if manager.ssl_enabled:
            run.tls_took(ended_ns - began_ns)
    run.end(None if connection.connected else connection.init_future.exception or ConnectionError("closed meanwhile"))
