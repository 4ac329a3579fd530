"""The embedded engine's file: where it is, how it is opened, how another takes its place, and what its errors mean."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

# The extension module itself: the package around it imports a relation API we never call, 12 MB resident and 110 ms.
import _duckdb as duckdb

from spanglass.errors import StoreUnavailable

FILE_NAME: Final = "spanglass.duckdb"
REWRITING: Final = "rewriting"
"""Where a new file is made that takes the place of the one there is."""
BACKUPS: Final = "backups"
CHECKPOINT_THRESHOLD: Final = "32MiB"
"""A checkpoint rewrites the last, partly filled row group: at 16 MB (the default) 31 us a span, at 32 27."""
_SHORT_OF_MEMORY: Final = ("out of memory", "failed to pin", "failed to allocate")
_CAUSES: Final = (
    (
        ("could not set lock", "conflicting lock"),
        "is in use by another process, likely another spanglass server: stop that one, or choose another --data.",
    ),
    (_SHORT_OF_MEMORY, "ran out of memory: raise SPANGLASS_STORE_MEMORY_MIB."),
    (
        ("could not write", "no space left"),
        "cannot grow: free disk space; writing goes on when there is some.",
    ),
    (("permission denied", "read-only"), "may not be written: correct its rights or choose another --data directory."),
    (("newer version", "version number"), "was written by another version of DuckDB: upgrade spanglass."),
    (
        ("corrupt", "not a valid duckdb", "checksum", "deserialize", "serialization"),
        "is damaged: restore a backup, or move the file away and start afresh.",
    ),
)
"""DuckDB's words, in lower case, and what they mean; the first that is said counts."""
_DEAD: Final = ("database has been invalidated", "connection already closed")


class File:
    """One database file, or memory.

    Attributes:
        path: The file; None in memory.
        where: The same in words.
        vector_bytes: How much text of a column may be read at a time: by two threads, with what they make of it.
    """

    def __init__(self, directory: Path | None, *, memory_mib: int, threads: int) -> None:
        self.path = None if directory is None else directory / FILE_NAME
        self.where = "in memory" if self.path is None else str(self.path)
        self.vector_bytes = memory_mib * 1024 * 1024 // 6
        self._resources = (memory_mib, threads)

    def open(self, factor: int = 1) -> duckdb.DuckDBPyConnection:
        """Open it, made as needed.

        Args:
            factor: How many times its memory it may use, until `lower` is called.

        Raises:
            StoreUnavailable: The directory cannot be made.
            duckdb.Error: The file cannot be opened.
        """
        memory_mib, threads = self._resources
        configuration: dict[str, str | bool | int | float | list[str]] = {
            "threads": threads,
            "async_threads": 1,
            "memory_limit": f"{memory_mib * factor}MiB",
            "checkpoint_threshold": CHECKPOINT_THRESHOLD,
            # Nothing is fetched, loaded or read beside the one file and the two directories below.
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
            "allow_community_extensions": False,
            "python_enable_replacements": False,
        }
        self._make_directory()
        connection = duckdb.connect(self.path or ":memory:", config=configuration)
        if self.path is not None:
            beside = [str(self.path.parent.resolve() / name) for name in (REWRITING, BACKUPS)]
            connection.execute("SET allowed_directories = $beside", {"beside": beside})
        connection.execute("SET enable_external_access = false")
        return connection

    def lower(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let it use no more memory than it was given.

        Raises:
            duckdb.Error: More is in use.
        """
        connection.execute(f"SET memory_limit = '{self._resources[0]}MiB'")

    def size(self) -> int:
        """Return the bytes of the file and its write-ahead log; 0 in memory."""
        if self.path is None:
            return 0
        return sum(file.stat().st_size for file in (self.path, _log(self.path)) if file.exists())

    def take(self, fresh: Path) -> None:
        """Put another file in the place of this one, which is closed, in one step.

        Raises:
            StoreUnavailable: It cannot be done; nothing was changed.
        """
        if self.path is None:
            raise StoreUnavailable("A store in memory has no file to replace.")
        if _log(self.path).exists():  # what it holds would be lost, or be read into the other file
            raise StoreUnavailable(f"The log of {self.where} could not be emptied; free disk space and try again.")
        try:
            os.replace(fresh, self.path)  # noqa: PTH105 - over what is there
            sync(self.path.parent)
        except OSError as error:
            raise StoreUnavailable(
                f"A new file cannot take the place of {self.where} ({error.strerror}); correct its rights."
            ) from error

    def _make_directory(self) -> None:
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(
                f"The data directory {self.path.parent} cannot be made ({error.strerror}); choose another with --data."
            ) from error


def sync(directory: Path) -> None:
    """Make a change of names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")


def cause(error: duckdb.Error, where: str) -> str:
    """Return what happened and what to do, from DuckDB's words for it."""
    said = str(error).lower()
    for words, meaning in _CAUSES:
        if any(word in said for word in words):
            return f"The database {where} {meaning}"
    return f"The database {where} cannot be used: restart spanglass; if it stays so, restore a backup."


def is_dead(error: BaseException | None) -> bool:
    """Tell whether DuckDB has given the whole database up: nothing but opening it anew helps."""
    if not isinstance(error, duckdb.Error):
        return False
    said = str(error).lower()
    return isinstance(error, duckdb.FatalException) or any(word in said for word in _DEAD)


def lacks_memory(error: BaseException) -> bool:
    """Tell whether it is memory that was missing."""
    said = str(error).lower()
    return isinstance(error, duckdb.OutOfMemoryException) or any(word in said for word in _SHORT_OF_MEMORY)


def first_line(error: BaseException | None) -> str:
    """Return the first line of an error, without its full stop."""
    return str(error).partition("\n")[0].rstrip(".")
