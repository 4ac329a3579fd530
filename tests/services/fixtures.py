"""The fixtures that hand services to tests: `redis_url`, `postgres_dsn` and `kafka_broker`."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from redis import Redis

from services.keeper import using
from services.service import Running

_databases = itertools.count(1)


class Broker(NamedTuple):
    """A Kafka broker.

    Attributes:
        address: host:port in clear.
        tls_address: host:port with TLS.
        certificate: File of the certificate to trust there.
    """

    address: str
    tls_address: str
    certificate: Path


@pytest.fixture(scope="session")
def services_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the processes of one test run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def redis_server(services_folder: Path) -> Iterator[Running]:
    """The Redis of this test run."""
    with using("redis", services_folder) as running:
        yield running


@pytest.fixture
def redis_url(redis_server: Running) -> str:
    """URL of an empty Redis database that no other test uses meanwhile."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    url = f"redis://127.0.0.1:{redis_server.ports[0]}/{worker % 16}"
    with Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture(scope="session")
def postgres_server(services_folder: Path) -> Iterator[Running]:
    """The PostgreSQL of this test run."""
    with using("postgresql", services_folder) as running:
        yield running


@pytest.fixture
def postgres_dsn(postgres_server: Running) -> str:
    """Connection string of an empty PostgreSQL database of the test's own."""
    server = f"postgresql://test@127.0.0.1:{postgres_server.ports[0]}"
    name = f"test_{os.getpid()}_{next(_databases)}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return f"{server}/{name}"


@pytest.fixture(scope="session")
def kafka_broker(services_folder: Path) -> Iterator[Broker]:
    """The Kafka broker of this test run; a test uses topics and groups with names of its own."""
    with using("kafka", services_folder) as running:
        clear, tls, _ = running.ports
        yield Broker(f"127.0.0.1:{clear}", f"127.0.0.1:{tls}", running.folder / "certificate.pem")
