"""A process that opens a store and dies while it migrates; see test_older_files.py."""

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from spanglass.server.store import duckdb
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.schema import Migration, pending

AFTER = int(sys.argv[2])


class Cut(tuple[str, ...]):
    """Statements, after some of which the process dies."""

    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        """Yield statements, then die."""
        for number, statement in enumerate(tuple.__iter__(self)):
            if number == AFTER:
                os.kill(os.getpid(), signal.SIGKILL)
            yield statement


def cut(engine: str, version: int, where: str) -> tuple[Migration, ...]:
    """Return the migrations, each cut."""
    return tuple(replace(one, statements=Cut(one.statements)) for one in pending(engine, version, where))


vars(duckdb)["pending"] = cut
DuckDBStore(Path(sys.argv[1]))
