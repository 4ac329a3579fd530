"""aiokafka's producer and connections, seen: what is replaced and how; what is recorded, `send` and `connect` say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from spanglass.sdk.frameworks.method import is_recorded, wrap_method
from spanglass.sdk.guard import safely
from spanglass.sdk.kafka.connect import ConnectRun, connecting
from spanglass.sdk.kafka.send import SendRun, sending

_guard = safely("kafka.aiokafka")
_RUN = "_spanglass_connect"


class Sent(Protocol):
    """The parts of `RecordMetadata` that are used here."""

    partition: int
    offset: int


class Connection(Protocol):
    """The part of `AIOKafkaConnection` that is used here."""

    host: str
    port: int
    _security_protocol: str


def switch_on(_: type | None) -> None:
    """See messages sent by every producer, and connections made."""
    from aiokafka import AIOKafkaProducer  # noqa: PLC0415 - this module is imported for its name alone, too
    from aiokafka.conn import AIOKafkaConnection  # noqa: PLC0415 - likewise

    if not is_recorded(AIOKafkaProducer, "send"):
        wrap_method(AIOKafkaProducer, "send", _send)
    wrap_method(AIOKafkaConnection, "connect", _connect)
    wrap_method(AIOKafkaConnection, "_do_version_lookup", _look_up_versions)


async def _send(  # noqa: PLR0913, PLR0917 - the parameters of `AIOKafkaProducer.send`
    original: Callable[..., Awaitable[asyncio.Future[Sent]]],
    producer: object,
    topic: object,
    value: object = None,
    key: object = None,
    partition: object = None,
    timestamp_ms: object = None,
    headers: object = None,
    **others: object,
) -> asyncio.Future[Sent]:
    run = sending(topic, key, value) if headers is None or isinstance(headers, list | tuple) else None
    if run is None:
        return await original(producer, topic, value, key, partition, timestamp_ms, headers, **others)
    try:
        future = await original(producer, topic, value, key, partition, timestamp_ms, run.headers(headers), **others)
    except BaseException as error:
        run.end(error)
        raise
    with _guard:
        future.add_done_callback(lambda done: _delivered(run, done))
    return future


@_guard
def _delivered(run: SendRun, future: asyncio.Future[Sent]) -> None:
    if future.cancelled():
        run.end(asyncio.CancelledError())
        return
    # To ask by `exception()` counts as taking note of it, and then asyncio would not tell that nobody did.
    error = future._exception  # noqa: SLF001 - see above
    if error is not None:
        run.end(error)
        return
    sent = future.result()
    run.delivered(sent.partition, sent.offset)


async def _connect(original: Callable[..., Awaitable[object]], connection: Connection) -> object:
    run = _begun(connection)
    try:
        made = await original(connection)
    except BaseException as error:
        if run is not None:
            run.end(error)
        raise
    if run is not None:
        run.end()
    return made


@_guard
def _begun(connection: Connection) -> ConnectRun | None:
    tls = "SSL" in connection._security_protocol  # noqa: SLF001 - said nowhere else
    run = connecting(connection.host, connection.port, tls=tls)
    setattr(connection, _RUN, run)
    return run


async def _look_up_versions(original: Callable[..., Awaitable[None]], connection: Connection) -> None:
    """The first request on a new connection: TCP and TLS are there."""
    run: ConnectRun | None = getattr(connection, _RUN, None)
    if run is not None:
        with _guard:
            run.transport_made()
    await original(connection)
