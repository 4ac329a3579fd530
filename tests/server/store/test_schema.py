"""Migrations are a numbered list, the same on both engines."""

import re

import duckdb
import pytest

from spanglass.errors import MigrationError
from spanglass.server.store.rows import (
    CONTENT_COLUMNS,
    LOG_COLUMNS,
    MONEY_DIGITS,
    MONEY_PLACES,
    POINT_COLUMNS,
    SCORE_COLUMNS,
    SPAN_COLUMNS,
)
from spanglass.server.store.schema import migrations, pending, statements, vocabulary

ENGINES = ["duckdb", "clickhouse"]


def columns(engine: str, table: str) -> list[str]:
    """Return a table's columns as its CREATE statement and those that add to it name them."""
    found: list[str] = []
    for migration in migrations(engine):
        for statement in migration.statements:
            if re.search(rf"CREATE (OR REPLACE )?TABLE (IF NOT EXISTS )?{table} \(", statement):
                found = re.findall(r"^  ([a-z_0-9]+) [A-Z]\w+", statement.partition("(")[2], re.MULTILINE)
            elif re.search(rf"^ALTER TABLE {table}\s", statement, re.MULTILINE):
                found += re.findall(r"ADD COLUMN (?:IF NOT EXISTS )?(\w+)", statement)
    return found


@pytest.mark.parametrize("engine", ENGINES)
def test_versions_follow_each_other(engine: str) -> None:
    """Migrations are numbered 1, 2, 3, ... without a gap, and none is empty."""
    found = migrations(engine)

    assert [migration.version for migration in found] == list(range(1, len(found) + 1))
    assert all(migration.statements for migration in found)


def test_both_engines_are_at_the_same_version() -> None:
    """A migration exists for each engine, under the same name."""
    names = [[migration.name for migration in migrations(engine)] for engine in ENGINES]

    assert names[0] == names[1]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("spans", SPAN_COLUMNS),
        ("contents", CONTENT_COLUMNS),
        ("logs", LOG_COLUMNS),
        ("points", POINT_COLUMNS),
        ("scores", SCORE_COLUMNS),
    ],
)
def test_rows_are_written_in_the_order_of_columns(table: str, expected: tuple[str, ...]) -> None:
    """DuckDB's Appender goes by position; ClickHouse may have columns of its own behind."""
    assert columns("duckdb", table) == list(expected)
    assert columns("clickhouse", table)[: len(expected)] == list(expected)


def test_both_engines_know_the_same_words() -> None:
    """Every word of the vocabulary is defined for each engine, with the same number of arguments."""
    words = []
    for engine in ENGINES:
        defined = [
            re.search(r"(sg_\w+)(?:\(| AS \(?)([\w, ]+?)\)?(?: AS| ->)", statement) for statement in vocabulary(engine)
        ]
        words.append({found.group(1): len(found.group(2).split(",")) for found in defined if found})
        assert len(words[-1]) == len(vocabulary(engine))

    assert words[0] == words[1]


def test_only_what_is_missing_runs() -> None:
    """An empty database needs all, a current one nothing, a newer one another program."""
    newest = len(migrations("duckdb"))

    assert pending("duckdb", 0, "here") == migrations("duckdb")
    assert pending("duckdb", newest, "here") == ()
    with pytest.raises(MigrationError, match=f"here has schema version {newest + 1}.*up to {newest}.*Upgrade"):
        pending("duckdb", newest + 1, "here")


def test_statements_end_at_a_lone_semicolon() -> None:
    """A semicolon within a line, as in a comment or a text, ends nothing."""
    assert statements("SELECT ';' -- a; b\n;\n\nSELECT 2\n;\n") == ("SELECT ';' -- a; b", "SELECT 2")


def test_the_bounds_of_money_are_those_of_its_type() -> None:
    """Taming knows how much a column holds."""
    with duckdb.connect() as connection:
        for statement in migrations("duckdb")[0].statements:
            connection.execute(statement)
        kinds = connection.execute(
            "SELECT DISTINCT data_type FROM duckdb_columns() WHERE column_name IN"
            " ('cost_amount', 'cost_input', 'cost_output', 'producer_cost')"
        ).fetchall()

    assert kinds == [(f"DECIMAL({MONEY_DIGITS + MONEY_PLACES},{MONEY_PLACES})",)]
