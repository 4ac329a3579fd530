"""The three Kafka clients behind one face, for tests that say of each the same."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from typing import Any, Protocol

import aiokafka
import confluent_kafka
import kafka

from services.fixtures import Broker

Pairs = list[tuple[str, bytes]]
_PATIENCE_S = 30.0


class Client(Protocol):
    """One of them."""

    def send(self, broker: Broker, topic: str, values: Sequence[bytes], headers: Pairs | None = None) -> None:
        """Send messages, and wait until they are delivered; raises what delivery raised."""

    def receive(self, broker: Broker, topic: str, count: int) -> list[Any]:
        """Read a topic from its beginning."""


class KafkaPython:
    """kafka-python."""

    def send(self, broker: Broker, topic: str, values: Sequence[bytes], headers: Pairs | None = None) -> None:
        """Send from this thread; its own thread does the rest."""
        producer = kafka.KafkaProducer(bootstrap_servers=broker.address)
        try:
            for future in [producer.send(topic, value, key=b"k", headers=headers) for value in values]:
                future.get(_PATIENCE_S)
        finally:
            producer.close()

    def receive(self, broker: Broker, topic: str, count: int) -> list[Any]:
        """Iterate over the consumer."""
        consumer = kafka.KafkaConsumer(topic, bootstrap_servers=broker.address, auto_offset_reset="earliest")
        try:
            return list(itertools.islice(consumer, count))
        finally:
            consumer.close()


class AioKafka:
    """aiokafka."""

    def send(self, broker: Broker, topic: str, values: Sequence[bytes], headers: Pairs | None = None) -> None:
        """Send in an event loop."""

        async def main() -> None:
            async with aiokafka.AIOKafkaProducer(bootstrap_servers=broker.address) as producer:
                for future in [await producer.send(topic, value, key=b"k", headers=headers) for value in values]:
                    await future

        asyncio.run(main())

    def receive(self, broker: Broker, topic: str, count: int) -> list[Any]:
        """Ask for one after the other."""

        async def main() -> list[Any]:
            consumer = aiokafka.AIOKafkaConsumer(topic, bootstrap_servers=broker.address, auto_offset_reset="earliest")
            async with consumer:
                return [await consumer.getone() for _ in range(count)]

        return asyncio.run(main())


class Confluent:
    """confluent-kafka."""

    def send(self, broker: Broker, topic: str, values: Sequence[bytes], headers: Pairs | None = None) -> None:
        """Produce, then flush; failures come by callback."""
        failures = []

        def delivered(error: Any, _: object) -> None:  # noqa: ANN401 - a library without types
            if error is not None:
                failures.append(error)

        producer = confluent_kafka.Producer({"bootstrap.servers": broker.address})
        for value in values:
            producer.produce(topic, value, b"k", on_delivery=delivered, headers=headers)  # type: ignore[arg-type] # invariant
        assert producer.flush(_PATIENCE_S) == 0
        producer.close()
        for failure in failures:
            raise confluent_kafka.KafkaException(failure)

    def receive(self, broker: Broker, topic: str, count: int) -> list[Any]:
        """Poll."""
        consumer = group_member(broker, topic, f"reads-{topic}")
        try:
            return [polled(consumer) for _ in range(count)]
        finally:
            consumer.close()


CLIENTS: dict[str, Client] = {"kafka-python": KafkaPython(), "aiokafka": AioKafka(), "confluent-kafka": Confluent()}


def group_member(broker: Broker, topic: str, group: str) -> confluent_kafka.Consumer:
    """Return a consumer of a group that commits by hand and takes part in rebalancing quickly."""
    quick = {"session.timeout.ms": 2000, "heartbeat.interval.ms": 100}
    where = {"bootstrap.servers": broker.address, "group.id": group, "auto.offset.reset": "earliest"}
    consumer = confluent_kafka.Consumer({**where, **quick, "enable.auto.commit": False})
    consumer.subscribe([topic])
    return consumer


def polled(consumer: confluent_kafka.Consumer) -> confluent_kafka.Message:
    """Return the next message."""
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            return message
    raise TimeoutError("no message came")
