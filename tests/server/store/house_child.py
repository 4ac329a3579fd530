"""A process that keeps house in a directory and kills itself at a named moment; see test_duckdb_keeping.py."""

import os
import signal
import sys
from pathlib import Path

from spanglass.server.store import duckdb_keeping
from spanglass.server.store.duckdb import DuckDBStore
from spanglass.server.store.duckdb_keeping import DuckDBKeeping
from spanglass.server.store.keeping import By, Subject


def die(*_: object) -> None:
    """Die as a machine that loses its power."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(directory: Path, moment: str) -> None:
    """Erase ann, dying at a moment."""
    store = DuckDBStore(directory)
    replace = os.replace
    if moment == "before the copy":
        vars(duckdb_keeping)["_copy"] = die
    elif moment == "before the end of it":
        vars(duckdb_keeping)["_catch_up"] = die
    elif moment == "before the exchange":
        vars(os)["replace"] = die
    elif moment == "after the exchange":

        def exchange(source: Path, target: Path) -> None:
            replace(source, target)
            die()

        vars(os)["replace"] = exchange
    DuckDBKeeping(store).erase(Subject(By.USER, "ann"))


main(Path(sys.argv[1]), sys.argv[2])
