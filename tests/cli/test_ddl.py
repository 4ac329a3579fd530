"""The SQL for administrators of ClickHouse."""

import pytest
from typer.testing import CliRunner

from spanglass.cli.ddl import app
from spanglass.errors import ConfigurationError
from spanglass.server.store.schema import statements


def printed(*arguments: str) -> tuple[str, ...]:
    """Return the statements that the command prints."""
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return statements(result.stdout)


def test_one_server_gets_plain_tables() -> None:
    """The database comes first, its version last but for the words of questions."""
    made = printed()

    assert made[:2] == ("CREATE DATABASE IF NOT EXISTS spanglass", "USE spanglass")
    assert not any("ON CLUSTER" in statement for statement in made)
    assert any(statement.startswith("INSERT INTO migrations") for statement in made)
    assert made[-1].startswith("CREATE OR REPLACE FUNCTION")


def test_a_cluster_gets_replicated_tables() -> None:
    """Database and cluster are those that were named."""
    made = printed("--database", "obs", "--cluster", "main")

    assert made[0] == "CREATE DATABASE IF NOT EXISTS obs ON CLUSTER 'main'"
    assert sum("'/clickhouse/tables/{shard}/obs/" in statement for statement in made) > 10


@pytest.mark.parametrize("flags", [("--database", "a b"), ("--cluster", "x'; DROP")])
def test_a_name_that_is_none_is_refused(flags: tuple[str, str]) -> None:
    """Names stand in the SQL as they are, so they must be names."""
    with pytest.raises(ConfigurationError, match="must"):
        CliRunner().invoke(app, flags, catch_exceptions=False)
