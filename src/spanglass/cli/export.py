"""`spanglass export`: everything kept, or a part of it, as lines of OTLP/JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from spanglass.cli.asking import EVER, FILTERS, Asking, question
from spanglass.cli.files import whole
from spanglass.errors import ConfigurationError

app = typer.Typer()
SIGNALS: Final = ("traces", "logs", "metrics")
_EVERY_SIGNAL: Final = frozenset({"from", "to", "service", "environment"})


@question(app, *EVER, *FILTERS, example="spanglass export --since 7d --service shop > week.jsonl")
def export(
    ask: Asking,
    signal: Annotated[
        list[str] | None,
        typer.Option("--signal", help="traces, logs or metrics; several times for several. Default: all."),
    ] = None,
    file: Annotated[Path, typer.Option("--file", "-o", help="Where to; gzip where it ends in .gz.")] = Path("-"),
) -> None:
    """Write what is kept as lines of OTLP/JSON, each an export request that any receiver takes."""
    wanted = tuple(signal or ())
    if unknown := [name for name in wanted if name not in SIGNALS]:
        raise ConfigurationError(f"There is no signal {unknown[0][:40]!r}; there are {', '.join(SIGNALS)}.")
    if not wanted:
        wanted = SIGNALS if _EVERY_SIGNAL.issuperset(ask.query) else SIGNALS[:1]
    with whole(file) as stream:
        for name in wanted:
            for piece in ask.client.pieces("/api/v1/export", {**ask.query, "signal": name}):
                stream.write(piece)
