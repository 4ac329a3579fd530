"""Prints tables and lines for people: as wide as the terminal, without colour where nobody sees it, never raw text."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import Final

from rich.console import Console
from rich.text import Text

from spanglass.cli.answer import Part
from spanglass.cli.figures import UNKNOWN, is_estimated, money, spend
from spanglass.cli.text import headline, lines, seen, short

_GAP: Final = 2
_NARROWEST: Final = 20
_ENDLESS: Final = 100_000
"""Columns of a file or pipe, where no line is cut."""
WARNING: Final = "yellow"
FAILURE: Final = "red"
QUIET: Final = "dim"

Cell = str | Text
"""A `str` is anybody's words and is made safe; a `Text` was made by `styled`, so it is."""


def styled(text: str, style: str = "") -> Text:
    """Return anybody's words as one safe line with a style."""
    return Text(headline(text), style=style)


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        heading: In its first line.
        right: Numbers stand right.
        spare: Where there is no room, columns with the highest go first; those with 0 stay.
        least: May be cut to this width, and takes what room is left; None is as wide as its widest cell.
    """

    heading: str
    right: bool = False
    spare: int = 0
    least: int | None = None

    def narrowest(self, natural: int) -> int:
        """Return the width to which it may be cut, given that of its widest cell."""
        return natural if self.least is None else min(natural, max(self.least, len(self.heading)))


class Screen:
    """Where a command prints.

    Attributes:
        width: Columns of the terminal; None where no line is cut, as in a file.
    """

    def __init__(self) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show a character still shows the rest
        narrow = sys.stdout.isatty() or os.environ.get("COLUMNS", "").strip("0").isdecimal()
        width = max(_NARROWEST, get_terminal_size().columns) if narrow else _ENDLESS
        self._console = Console(
            highlight=False,
            markup=False,
            emoji=False,
            width=width,
            color_system=None if os.environ.get("NO_COLOR") else "auto",
        )
        self.width = width if narrow else None

    def line(self, cell: Cell = "") -> None:
        """Print a line; one that is longer than the terminal goes on in the next."""
        self._console.print(styled(cell) if isinstance(cell, str) else cell, soft_wrap=self.width is None)

    def command(self, label: str, command: str) -> None:
        """Print a command to go on with, after an empty line; it is in one piece, to be copied."""
        self.line()
        self._console.print(Text(f"{label} {seen(command)}"), soft_wrap=True)

    def drawing(self, line: str) -> None:
        """Print a line of a drawing, which is as wide as it is."""
        self._console.print(Text(seen(line)), soft_wrap=True)

    def block(self, text: str) -> None:
        """Print anybody's words of several lines, indented."""
        room = (self.width or _ENDLESS) - _GAP
        for line in lines(text).splitlines():
            for row in Text(line).wrap(self._console, room) or [Text()]:
                self._console.print(Text(" " * _GAP).append_text(row), soft_wrap=True)

    def heading(self, text: str) -> None:
        """Print a heading after an empty line."""
        self.line()
        self.line(styled(text, "bold"))

    def facts(self, *pairs: tuple[str, Cell]) -> None:
        """Print labels, and beside each what there is to say; a line that says nothing is left out."""
        said = [(label, styled(cell) if isinstance(cell, str) else cell) for label, cell in pairs]
        said = [(label, cell) for label, cell in said if cell.plain not in {"", UNKNOWN}]
        longest = max((len(label) for label, _ in said), default=0)
        for label, cell in said:
            self.line(Text(f"{label:<{longest + _GAP}}", style=QUIET).append_text(cell))

    def identifier(self, value: str | None) -> str:
        """Return an id: shortened where lines are short, else whole."""
        if value is None:
            return UNKNOWN
        return seen(value) if self.width is None else short(value)

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
        """Print rows under headings; columns that say nothing in any row, and may go, go."""
        self._print(columns, rows, [Text(column.heading, style="bold") for column in columns])

    def grid(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
        """Print rows without headings."""
        self._print(columns, rows, None)

    def _print(
        self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], headings: Sequence[Text] | None
    ) -> None:
        cells = [[styled(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
        places = [place for place, column in enumerate(columns) if not column.spare or _says(cells, place)]
        whole = cells if headings is None else [headings, *cells]
        natural = [max((row[place].cell_len for row in whole), default=0) for place in range(len(columns))]
        places = self._fitting(columns, places, natural)
        widths = self._widths(columns, places, natural)
        for row in whole:
            self.row([(row[place], columns[place].right, width) for place, width in zip(places, widths, strict=True)])

    def row(self, cells: Sequence[tuple[Text, bool, int]]) -> None:
        """Print one row: of each cell what it holds, whether it stands right, and its width."""
        line = Text()
        for place, (cell, right, width) in enumerate(cells):
            fitted = cell.copy()
            fitted.truncate(width, overflow="ellipsis")
            blank = " " * (width - fitted.cell_len)
            line.append(" " * _GAP if place else "")
            line.append_text(Text(blank).append_text(fitted) if right else fitted.append(blank))
        line.rstrip()
        self._console.print(line, soft_wrap=True)

    def _fitting(self, columns: Sequence[Column], places: list[int], natural: Sequence[int]) -> list[int]:
        """Return the columns for which there is room."""
        while self.width is not None:
            least = sum(columns[place].narrowest(natural[place]) + _GAP for place in places) - _GAP
            going = max(places, key=lambda place: columns[place].spare)
            if least <= self.width or not columns[going].spare:
                break
            places = [place for place in places if place != going]
        return places

    def _widths(self, columns: Sequence[Column], places: Sequence[int], natural: Sequence[int]) -> list[int]:
        """Share what room is left among the columns that may be cut, the narrowest first."""
        if self.width is None:
            return [natural[place] for place in places]
        bending = sorted(
            (place for place in places if columns[place].least is not None), key=lambda place: natural[place]
        )
        room = self.width - sum(natural[place] for place in places if place not in bending) - _GAP * (len(places) - 1)
        given: dict[int, int] = {}
        for rank, place in enumerate(bending):
            fair = room // (len(bending) - rank)
            given[place] = max(min(natural[place], fair), columns[place].narrowest(natural[place]))
            room -= given[place]
        return [given.get(place, natural[place]) for place in places]


def _says(rows: Sequence[Sequence[Text]], place: int) -> bool:
    return any(row[place].plain not in {"", UNKNOWN} for row in rows)


def money_cell(cost: Part) -> Text:
    """Return the cost of several calls; what is not exact stands out."""
    return Text(money(cost), style=WARNING if cost.count("unpriced") or is_estimated(cost) else "")


def spend_cell(cost: Part) -> Text:
    """Return the cost of one call; what is not exact stands out."""
    return Text(spend(cost), style=WARNING if cost.text("state") in {"estimated", "unpriced"} else "")


def name_cell(name: str, *, failed: bool) -> Text:
    """Return a name; where it failed, marked and red."""
    return styled(f"✗ {name}", FAILURE) if failed else styled(name)


def errors_cell(errors: int | None) -> Text:
    """Return a count that is red unless it is 0."""
    return Text(UNKNOWN if errors is None else f"{errors:,}", style=FAILURE if errors else "")
