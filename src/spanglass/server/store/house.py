"""Which keeping goes with which store; each engine's packages are loaded only for it."""

from __future__ import annotations

from spanglass.server.store.keeping import Keeping
from spanglass.server.store.protocol import Store


def keeping_of(store: Store) -> Keeping:
    """Return who keeps the house of a store.

    Raises:
        TypeError: It is of an engine that nobody keeps house for.
    """
    if type(store).__name__ == "DuckDBStore":  # by name first: its package is 26 MB that others do not need
        from spanglass.server.store.duckdb import DuckDBStore  # noqa: PLC0415 - as said
        from spanglass.server.store.duckdb_keeping import DuckDBKeeping  # noqa: PLC0415 - likewise

        if isinstance(store, DuckDBStore):
            return DuckDBKeeping(store)
    elif type(store).__name__ == "ClickHouseStore":
        from spanglass.server.store.clickhouse import ClickHouseStore  # noqa: PLC0415 - an extra
        from spanglass.server.store.clickhouse_keeping import ClickHouseKeeping  # noqa: PLC0415 - likewise

        if isinstance(store, ClickHouseStore):
            return ClickHouseKeeping(store)
    raise TypeError(f"no keeping is known for {type(store).__name__}")
