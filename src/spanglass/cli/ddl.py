"""`spanglass ddl`: prints the statements that make a ClickHouse database, for an administrator to run."""

from __future__ import annotations

from typing import Annotated

import typer

from spanglass.server.store.address import DATABASE, cluster_name, database_name
from spanglass.server.store.clickhouse_script import script
from spanglass.server.store.cluster import Cluster

app = typer.Typer()


@app.command(epilog="Example: spanglass ddl --cluster main | clickhouse-client --multiquery")
def ddl(
    database: Annotated[str, typer.Option("--database", help=f"The database's name. Default: {DATABASE}.")] = DATABASE,
    cluster: Annotated[
        str | None, typer.Option("--cluster", help="Make replicated, sharded tables on this cluster.")
    ] = None,
) -> None:
    """Print the SQL that makes ClickHouse ready, so that the server itself needs no right to make tables."""
    name = database_name(database)
    made = script(name, None if cluster is None else Cluster(cluster_name(cluster), name))
    typer.echo("".join(f"{statement}\n;\n" for statement in made), nl=False)
