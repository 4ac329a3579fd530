"""`spanglass metrics`: which metrics there are, and one over time."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import ENVIRONMENT, PAGE, SERVICE, Asking, question, within
from spanglass.cli.figures import UNKNOWN, count, interval, measure, plural, sparkline
from spanglass.cli.summary import NONE
from spanglass.cli.table import Cell, Column, Screen

app = typer.Typer()
_METRICS: Final = (
    Column("name", least=24),
    Column("kind", spare=1),
    Column("unit", spare=2),
    Column("series", right=True),
    Column("points", right=True, spare=4),
    Column("latest", spare=3),
    Column("services", spare=5, least=10),
)
_EXEMPLARS: Final = (Column("time"), Column("value", right=True), Column("trace"), Column("line", spare=1, least=10))
_MOST_EXEMPLARS: Final = 5
_SPARK: Final = 40
_COUNTED: Final = {"rate", "increase"}
"""Of histograms and summaries these are of how often, not of how much."""


@question(
    app,
    *within("1h"),
    SERVICE,
    ENVIRONMENT,
    *PAGE,
    example="spanglass metrics gen_ai.client.operation.duration --by gen_ai.request.model",
)
def metrics(
    ask: Asking,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A metric, to see it over time.", show_default=False)
    ] = None,
    prefix: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Of the list: what names begin with.", show_default=False)
    ] = None,
    show: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT",
            help="Of one: rate, increase, value, average, total, p50, p95 or p99.",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="LABEL", help="Of one: a line for each value of a label.", show_default=False)
    ] = None,
    only: Annotated[
        str | None, typer.Option(metavar="LABEL=VALUE", help="Of one: series with this label.", show_default=False)
    ] = None,
) -> None:
    """Show the metrics that were received; of one, its lines over time, and measurements with their traces."""
    if name is None:
        ask.show("/api/v1/metrics", _draw_all, {"prefix": prefix})
        return
    asked = ask.narrowed({key: value for key, value in ask.query.items() if key not in {"limit", "cursor"}})
    asked.show(f"/api/v1/metrics/{quote(name, safe='')}", _draw_one, {"show": show, "by": by, "filter": only})


def _draw_all(ask: Asking, screen: Screen, answer: Part) -> None:
    found = answer.parts("metrics")
    if not found:
        ask.nothing(screen, "metrics")
        return
    screen.table(_METRICS, [_metric(ask, metric) for metric in found])
    ask.pages(screen, answer)


def _metric(ask: Asking, metric: Part) -> tuple[Cell, ...]:
    return (
        metric.text("name") or UNKNOWN,
        (metric.text("kind") or UNKNOWN).replace("_", " "),
        metric.text("unit") or "",
        count(metric.count("series")),
        count(metric.count("points")),
        ask.clock.at(metric.number("latest")),
        ", ".join(metric.texts("services")),
    )


def _draw_one(ask: Asking, screen: Screen, answer: Part) -> None:
    ask.range(screen, answer)
    shown, points = answer.text("show") or "", plural(answer.count("points") or 0, "point")
    others = ", ".join(other for other in answer.texts("shows") if other != shown)
    screen.heading(answer.text("name") or UNKNOWN)
    screen.facts(
        ("Kind", ", ".join([(answer.text("kind") or UNKNOWN).replace("_", " "), *answer.texts("temporality")])),
        ("Unit", answer.text("unit") or ""),
        ("Series", f"{plural(answer.count('series') or 0, 'series', 'series')}, {points}"),
        ("Shows", f"{shown} a step of {interval(answer.number('step'))}; --show also knows {others}"),
        ("Labels", ", ".join(answer.texts("labels"))),
        ("Not looked at", answer.text("cut") or ""),
        ("Left out", ", ".join(answer.texts("left_out"))),
    )
    screen.line()
    columns = (
        Column("line", least=12),
        Column("over time"),
        Column("last", right=True),
        Column("highest", right=True),
        Column("series", right=True, spare=1),
    )
    screen.table(columns, [_line(line, answer) for line in answer.parts("lines")])
    if found := answer.parts("exemplars")[:_MOST_EXEMPLARS]:
        screen.heading("Measurements with their traces")
        screen.table(_EXEMPLARS, [_exemplar(ask, screen, exemplar, answer) for exemplar in found])


def _line(line: Part, answer: Part) -> tuple[Cell, ...]:
    listed = line.value("values")
    values = [Part({"value": value}).number("value") for value in listed] if isinstance(listed, list) else []
    known = [value for value in values if value is not None]
    label = (
        "(other)" if line.flag("other") else line.text("label") or (NONE if len(answer.parts("lines")) > 1 else "all")
    )
    last, highest = (_value(value, answer) for value in (known[-1] if known else None, max(known, default=None)))
    return label, sparkline(values, _SPARK), last, highest, count(line.count("series"))


def _value(value: float | None, answer: Part) -> str:
    """Return a value of a line in the metric's unit."""
    shown = answer.text("show") or ""
    is_count = shown in _COUNTED and answer.text("kind") not in {"sum", "gauge"}
    said = measure(value, "" if is_count else answer.text("unit") or "")
    return f"{said}/s" if shown == "rate" and value is not None else said


def _exemplar(ask: Asking, screen: Screen, exemplar: Part, answer: Part) -> tuple[Cell, ...]:
    return (
        ask.clock.at(exemplar.number("time")),
        measure(exemplar.number("value"), answer.text("unit") or ""),
        screen.identifier(exemplar.text("trace_id")),
        exemplar.text("label") or "",
    )
