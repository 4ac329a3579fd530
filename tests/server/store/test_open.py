"""Which store is opened, and that the packages of the other are not loaded for it."""

import subprocess
import sys
from pathlib import Path

import pytest

from spanglass.errors import ConfigurationError
from spanglass.server.config import Config
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.duckdb_keeping import DuckDBKeeping
from spanglass.server.store.house import keeping_of
from spanglass.server.store.open import open_store
from spanglass.server.store.protocol import Store


def test_without_an_address_it_is_a_file(tmp_path: Path) -> None:
    """The default needs nothing but a directory, and has its own way of keeping house."""
    store = open_store(Config(data=tmp_path))

    assert isinstance(store, DuckDBStore)
    assert isinstance(keeping_of(store), DuckDBKeeping)
    assert [path.name for path in tmp_path.glob("*.duckdb")] == ["spanglass.duckdb"]
    store.close()


def test_an_address_that_cannot_be_read_opens_nothing(tmp_path: Path) -> None:
    """A wrong address is not taken for no address."""
    with pytest.raises(ConfigurationError, match="SPANGLASS_STORE must look like"):
        open_store(Config(data=tmp_path / "data", store="db:8123"))

    assert not (tmp_path / "data").exists()


def test_nobody_keeps_house_for_an_unknown_store() -> None:
    """A store by the name alone is none of ours."""
    pretender: Store = type("DuckDBStore", (), {})()

    with pytest.raises(TypeError, match="no keeping is known for DuckDBStore"):
        keeping_of(pretender)


def test_the_server_loads_neither_engine_before_it_is_asked_for() -> None:
    """DuckDB's 26 MB and ClickHouse's client wait for the settings to name them."""
    code = (
        "import sys, spanglass.server.app, spanglass.server.store.house;"
        "print(sorted({'_duckdb', 'duckdb', 'clickhouse_connect'} & set(sys.modules)))"
    )

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert loaded.stdout == "[]\n"
