"""`spanglass logs`: what was logged."""

from __future__ import annotations

import json
from typing import Annotated, Final

import typer
from rich.text import Text

from spanglass.cli.answer import Part
from spanglass.cli.asking import ENVIRONMENT, PAGE, SERVICE, Asking, question, within
from spanglass.cli.figures import UNKNOWN
from spanglass.cli.identifier import whole_id
from spanglass.cli.table import FAILURE, QUIET, WARNING, Cell, Column, Screen

app = typer.Typer()
_COLUMNS: Final = (
    Column("time"),
    Column("level"),
    Column("service", spare=2, least=10),
    Column("message", least=30),
    Column("trace", spare=1),
    Column("logger", spare=3, least=10),
)
_STYLES: Final = {"trace": QUIET, "debug": QUIET, "warn": WARNING, "error": FAILURE, "fatal": FAILURE}


@question(
    app,
    *within("1h", sent=False),
    SERVICE,
    ENVIRONMENT,
    *PAGE,
    example="spanglass logs --severity warn --since 24h",
)
def logs(
    ask: Asking,
    severity: Annotated[
        str | None,
        typer.Option(metavar="LEVEL", help="This or worse: debug, info, warn, error, fatal.", show_default=False),
    ] = None,
    trace: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Those of a trace, all it has, from its beginning.", show_default=False),
    ] = None,
    span: Annotated[str | None, typer.Option(metavar="ID", help="Those of a span.", show_default=False)] = None,
    event: Annotated[str | None, typer.Option(metavar="NAME", help="Events of a name.", show_default=False)] = None,
    text: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Text in messages and attributes.", show_default=False)
    ] = None,
) -> None:
    """Show log records, newest first; those of one trace from its beginning."""
    found = None if trace is None else whole_id(ask, trace, since=ask.query.get("from") or "24h")
    more = {"severity": severity, "trace": found, "span": span, "event": event, "text": text}
    ask.show("/api/v1/logs", _draw, more)


def _draw(ask: Asking, screen: Screen, answer: Part) -> None:
    records = answer.parts("logs")
    if not records:
        screen.line("No log records that fit in this range. Look further back, as with --since 7d.")
        screen.line("Applications send their logs when they have spanglass.init(); docs/logs.md says how.")
        return
    screen.table(_COLUMNS, [_row(ask, screen, record) for record in records])
    ask.pages(screen, answer)


def _row(ask: Asking, screen: Screen, record: Part) -> tuple[Cell, ...]:
    level = record.text("level") or ""
    return (
        ask.clock.at(record.number("time")),
        Text(level if level in _STYLES or level == "info" else UNKNOWN, style=_STYLES.get(level, "")),
        record.text("service") or "",
        _message(record),
        screen.identifier(record.text("trace_id")),
        record.text("scope") or "",
    )


def _message(record: Part) -> str:
    body, event = record.value("body"), record.text("event")
    said = "" if body is None else body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return ": ".join(part for part in (event, said) if part) or UNKNOWN
