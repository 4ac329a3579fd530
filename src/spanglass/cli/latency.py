"""`spanglass latency`: how long calls take, as a heat map of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import typer

from spanglass.cli.answer import Part
from spanglass.cli.asking import FILTERS, Asking, question, within
from spanglass.cli.figures import count, duration, interval, plural
from spanglass.cli.summary import latency as percentiles
from spanglass.cli.table import Screen

app = typer.Typer()
_SHADES: Final = " ░▒▓█"
_MOST_ROWS: Final = 20
_LABEL: Final = 8
_WIDTH: Final = 120


@question(app, *within("1h"), *FILTERS, example="spanglass latency --since 24h --first-token")
def latency(
    ask: Asking,
    first_token: Annotated[
        bool, typer.Option("--first-token", help="Of streams, the time to the first content.")
    ] = False,
) -> None:
    """Show how long calls took: a heat map over time, darker where more calls fell, with percentiles."""
    ask.show("/api/v1/latency", _draw, {"measure": "first_token" if first_token else "duration"})


def _draw(ask: Asking, screen: Screen, answer: Part) -> None:
    ask.range(screen, answer)
    columns = answer.parts("columns")
    counts = [_counts(column) for column in columns]
    bounds = _bounds(answer)
    calls = sum(column.count("calls") or 0 for column in columns)
    rows = max(map(len, counts), default=0)
    if not calls or not rows or len(bounds) < rows:
        ask.nothing(screen, "streams" if answer.text("measure") == "first_token" else "model calls")
        return
    screen.facts(("Calls", count(calls)), ("Times", percentiles(answer.part("percentiles"))))
    screen.line()
    across = -(-len(counts) // max(1, (screen.width or _WIDTH) - _LABEL - 2))
    down = -(-rows // _MOST_ROWS)
    cells = [_merged(counts[place : place + across], rows, down) for place in range(0, len(counts), across)]
    highest = max(max(column) for column in cells)
    for row in reversed(range(len(cells[0]))):
        label = f"{duration(bounds[row * down]):>{_LABEL}}"
        screen.drawing(f"{label}  {''.join(_shade(column[row], highest) for column in cells)}")
    first, last = (ask.clock.at(column.number("start")) for column in (columns[0], columns[-1]))
    step = interval((answer.number("step") or 0) * across)
    screen.drawing(f"{'':{_LABEL}}  {first} to {last}, {step} a column; █ is {plural(highest, 'call')}")


def _counts(column: Part) -> list[int]:
    counts = column.value("counts")
    return (
        [calls if isinstance(calls, int) and calls > 0 else 0 for calls in counts] if isinstance(counts, list) else []
    )


def _bounds(answer: Part) -> list[float]:
    bounds = answer.value("bounds")
    return [float(bound) for bound in bounds if isinstance(bound, int | float)] if isinstance(bounds, list) else []


def _merged(columns: Sequence[Sequence[int]], rows: int, down: int) -> list[int]:
    """Return one column for several, of fewer and coarser cells; each is the sum of those it stands for."""
    return [sum(sum(column[row : row + down]) for column in columns) for row in range(0, rows, down)]


def _shade(calls: int, highest: int) -> str:
    """Return a shade; one call is never a blank."""
    return _SHADES[-(-calls * (len(_SHADES) - 1) // highest)] if calls else " "
