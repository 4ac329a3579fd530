"""The engines that the contract suite runs on, each able to close and open again what it wrote."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.protocol import Store

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

Opener: TypeAlias = Callable[[], Store]

CANNOT = {
    "duckdb": frozenset[str](),
    "clickhouse": frozenset({"atomic", "count_resent_spans"}),
}
"""What an engine cannot do, as its docstring says."""


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Client]]:
    """Lend clients of the real ClickHouse engine, in this process."""
    import clickhouse_connect  # noqa: PLC0415 - half a second that DuckDB's tests need not wait

    path = str(tmp_path_factory.mktemp("clickhouse"))
    keeper = clickhouse_connect.get_client(interface="chdb", path=path)
    yield lambda database: clickhouse_connect.get_client(interface="chdb", path=path, database=database)
    keeper.close()


@pytest.fixture(params=["duckdb", pytest.param("clickhouse", marks=pytest.mark.xdist_group("clickhouse"))])
def name(request: pytest.FixtureRequest) -> str:
    """Return the engine's name."""
    return str(request.param)


@pytest.fixture
def reopen(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Opener]:
    """Return a function that closes the store and opens it again."""
    opened: list[Store] = []
    opener = duckdb_opener(tmp_path) if name == "duckdb" else clickhouse_opener(request.getfixturevalue("engine"))

    def again() -> Store:
        if opened:
            opened[-1].close()
        opened.append(opener())
        return opened[-1]

    yield again
    for store in opened:
        store.close()


@pytest.fixture
def store(reopen: Opener) -> Store:
    """Return an empty store."""
    return reopen()


@pytest.fixture
def can(name: str) -> Callable[[str], bool]:
    """Tell whether the engine can do what some cannot."""
    return lambda ability: ability not in CANNOT[name]


def duckdb_opener(directory: Path) -> Opener:
    """Open one file."""
    return lambda: DuckDBStore(directory, time_limit_s=3)


def clickhouse_opener(engine: Callable[[str], Client]) -> Opener:
    """Open one database of the engine in this process."""
    from spanglass.server.store.clickhouse import ClickHouseStore  # noqa: PLC0415 - as above

    database = f"test_{uuid.uuid4().hex}"
    with engine("default") as client:
        client.command(f"CREATE DATABASE {database}")
    return lambda: ClickHouseStore(engine(database), time_limit_s=3)
