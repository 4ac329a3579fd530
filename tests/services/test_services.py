"""The services that tests start."""

import itertools
import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaConsumer, KafkaProducer
from redis import Redis

from services.fixtures import Broker
from services.keeper import using
from services.service import answers

pytestmark = pytest.mark.services


def test_redis_keeps_what_it_is_given(redis_url: str) -> None:
    """A value written is read back, from a database that was empty."""
    with Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("answer", "42")
        assert client.get("answer") == b"42"


@pytest.mark.parametrize("time_", [1, 2])
def test_every_test_has_a_postgresql_database_of_its_own(postgres_dsn: str, time_: int) -> None:
    """The same table can be made in each test."""
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute("CREATE TABLE answers (answer integer)")
        connection.execute("INSERT INTO answers VALUES (%s)", [time_])
        assert connection.execute("SELECT answer FROM answers").fetchall() == [(time_,)]


@pytest.mark.parametrize("tls", [False, True])
def test_kafka_hands_on_what_is_sent(kafka_broker: Broker, tls: bool) -> None:  # noqa: FBT001 - a parametrised test
    """A message sent is received, in clear and over TLS."""
    address = kafka_broker.tls_address if tls else kafka_broker.address
    security = {"security_protocol": "SSL", "ssl_cafile": str(kafka_broker.certificate)} if tls else {}
    topic = f"services-{tls}"
    producer = KafkaProducer(bootstrap_servers=address, **security)
    producer.send(topic, b"hello").get(20)
    producer.close()
    consumer = KafkaConsumer(topic, bootstrap_servers=address, auto_offset_reset="earliest", **security)

    assert [message.value for message in itertools.islice(consumer, 1)] == [b"hello"]
    consumer.close()


_USER = """
import pathlib, sys, time
from services.keeper import using
with using("redis", pathlib.Path(sys.argv[1])) as running:
    print(running.ports[0], flush=True)
    time.sleep(60)
"""


def test_a_service_ends_with_its_last_user_even_one_that_is_killed(tmp_path: Path) -> None:
    """Two users share one server; it lives while one of them does, and is gone after a kill -9 of the last."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, "-c", _USER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as user:
        assert user.stdout is not None
        port = int(user.stdout.readline() or 0)
        with using("redis", tmp_path) as running:
            assert running.ports == (port,)
            user.kill()
            user.wait()
            assert answers(port)
    end = time.monotonic() + 20
    while answers(port) and time.monotonic() < end:
        time.sleep(0.02)

    assert not answers(port)
