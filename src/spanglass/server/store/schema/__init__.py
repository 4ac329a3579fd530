"""Numbered, forward-only migrations: a folder of .sql files for each engine, and which of them a database still needs.

A file is named `0001_words.sql`; its number is the schema version it leads to. A released file is never edited.
Statements are separated by a line that holds nothing but `;`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from spanglass.errors import MigrationError


@dataclass(frozen=True, slots=True)
class Migration:
    """One step.

    Attributes:
        version: The schema version it leads to.
        name: The file's name.
        statements: What it runs, in order.
    """

    version: int
    name: str
    statements: tuple[str, ...]


def statements(sql: str) -> tuple[str, ...]:
    """Split a file into statements at lines that hold only `;`."""
    return tuple(part.strip() for part in f"\n{sql}\n".split("\n;\n") if part.strip())


def migrations(engine: str) -> tuple[Migration, ...]:
    """Return an engine's migrations in order; their versions are 1, 2, 3, ...

    Args:
        engine: The folder's name: duckdb or clickhouse.
    """
    folder = resources.files(__name__) / engine
    files = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return tuple(
        Migration(int(name[:4]), name, statements((folder / name).read_text("utf-8")))
        for name in files
        if name[:4].isdigit()
    )


def pending(engine: str, version: int, where: str) -> tuple[Migration, ...]:
    """Return the migrations that a database still needs, in order.

    Args:
        engine: The folder's name.
        version: The database's schema version; 0 when it is empty.
        where: The database, for the message.

    Raises:
        MigrationError: The database was written by a newer program.
    """
    known = migrations(engine)
    newest = known[-1].version
    if version > newest:
        raise MigrationError(
            f"The database {where} has schema version {version}, but this program knows only up to {newest}: "
            f"it was written by a newer spanglass. Upgrade spanglass, or start with another data directory."
        )
    return tuple(migration for migration in known if migration.version > version)


def vocabulary(engine: str) -> tuple[str, ...]:
    """Return the statements that define an engine's vocabulary; they may be run again at any time."""
    return statements((resources.files(__name__) / engine / "vocabulary.sql").read_text("utf-8"))
