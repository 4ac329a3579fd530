"""`spanglass backup`: a copy of a running server's database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spanglass.cli.asking import Asking, question
from spanglass.cli.files import whole
from spanglass.cli.job import run
from spanglass.cli.table import Screen

app = typer.Typer()


@question(app, example="spanglass backup spanglass-monday.duckdb")
def backup(
    ask: Asking,
    file: Annotated[
        Path | None, typer.Argument(help="Where to fetch the copy to; else it stays at the server.")
    ] = None,
) -> None:
    """Copy the database of a running server. The copy opens as a database; ingest and questions go on meanwhile."""
    job = run(ask, "/api/v1/backup", {}, what="Copying the database")
    made = None if job is None else job.part("backup")
    name = None if made is None else made.text("name")
    if made is None or name is None:
        return
    screen = Screen()
    size = made.count("bytes") or 0
    screen.line(f"The copy {name} ({size / 1024 / 1024:.1f} MiB) is in the server's data directory, under backups.")
    if file is None:
        return
    with whole(file) as stream:
        for piece in ask.client.pieces(f"/api/v1/backups/{name}"):
            stream.write(piece)
    screen.line(f"It was fetched to {file} as well. Delete the one at the server if this one is enough.")
