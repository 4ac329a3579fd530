"""The chat's third process: writes answers to PostgreSQL."""

import os
import signal
import sys

import spanglass

spanglass.init(service_name="store")

import logging  # noqa: E402 - an application begins with `init()`, so that it sees what is imported later

import confluent_kafka  # noqa: E402
import psycopg  # noqa: E402

logger = logging.getLogger("chat.store")


@spanglass.kafka.process
def handle(message: confluent_kafka.Message, connection: psycopg.Connection) -> None:
    """Write one answer."""
    row = [(message.key() or b"").decode(), (message.value() or b"").decode()]
    connection.execute("INSERT INTO answers (id, answer) VALUES (%s, %s)", row)
    connection.commit()
    logger.warning("answer written")


def main() -> None:
    """Write answers until told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": os.environ["KAFKA"], "group.id": "store", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe(["chat.answers"])
    with psycopg.connect(os.environ["POSTGRES"]) as connection:
        while True:
            message = consumer.poll(0.2)
            if message is not None and message.error() is None:
                handle(message, connection)


if __name__ == "__main__":
    main()
