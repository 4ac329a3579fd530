"""Opens the store that the settings mean, DuckDB's file or ClickHouse; the packages of the other are not loaded."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from spanglass.errors import ConfigurationError
from spanglass.server.config import Ages, Config
from spanglass.server.store.address import Address, address
from spanglass.server.store.keeping import Kept
from spanglass.server.store.protocol import Store


def open_store(config: Config) -> Store:
    """Open the store that the settings name; the caller closes it.

    Raises:
        ConfigurationError: The address of the store cannot be used, or its packages are not installed.
        StoreUnavailable: The file cannot be opened, or the server cannot be reached or refuses.
        MigrationError: The database is newer than this program, or a migration failed.
    """
    where = _clickhouse(config)
    if where is None:
        from spanglass.server.store.duckdb import DuckDBStore  # noqa: PLC0415 - 26 MB that ClickHouse's users do not need

        return DuckDBStore(config.data, memory_mib=config.store_memory_mib)
    if find_spec("clickhouse_connect") is None:
        raise ConfigurationError(
            'ClickHouse needs a package that is not installed: pip install "spanglass[server,clickhouse]", or the '
            "wheel you have with [server,clickhouse] behind its name."
        )
    from spanglass.server.store.connect import connect  # noqa: PLC0415 - an extra

    return connect(where, _ages(config.keep))


def store_shown(config: Config) -> str:
    """Return where everything is kept, for a person to read; never a password.

    Raises:
        ConfigurationError: The address of the store cannot be used.
    """
    where = _clickhouse(config)
    return str(config.data.resolve()) if where is None else where.shown


def _ages(keep: Ages) -> Mapping[Kept, int | None]:
    content = [days for days in (keep.content, keep.traces) if days is not None]
    return {
        Kept.SPANS: keep.traces,
        Kept.SCORES: keep.traces,
        Kept.CONTENTS: min(content, default=None),
        Kept.LOGS: keep.logs,
        Kept.POINTS: keep.metrics,
        Kept.MINUTES: keep.minutes,
        Kept.HOURS: keep.hours,
    }


def _clickhouse(config: Config) -> Address | None:
    if config.store is None:
        return None
    return address(config.store, config.store_password, config.store_password_file)
