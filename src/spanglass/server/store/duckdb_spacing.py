"""How far apart long rows lie in a DuckDB table, so that no checkpoint needs more memory than there is.

DuckDB reads a column 2,048 rows at a time, also where it checkpoints, and then needs all of their text in memory. Where
that is more than it may use, the checkpoint fails and takes the database with it. So rows of long texts are kept apart
by rows that hold nothing, which no question meets, as they start at the end of time, and which take no room on disk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import _duckdb as duckdb

from spanglass.semconv import attributes as attr
from spanglass.server.record import Batch
from spanglass.server.store.rows import Field, json_text

Rows: TypeAlias = "Sequence[tuple[Field, ...]]"

VECTOR: Final = 2048
GROUP: Final = 122_880
"""Rows that DuckDB reads, and that it writes, at a time."""
END_OF_TIME: Final = 2**63 - 1
"""When the rows between start, Unix ns: no range includes it, and no age makes them go before what they keep apart."""
SHORT: Final = 4096
"""Bytes of text of a row that is not counted: 2,048 of these take 8 MiB."""
_MOST_UNSEEN: Final = 8 * 1024 * 1024
_KEPT: Final = 1024
"""Characters that are kept of a text that cannot be kept whole, nor left out."""
_OBJECTS: Final = frozenset({"attributes", "resource"})
_FILLING: Final[Mapping[str, Field]] = {
    **dict.fromkeys(("start_ns", "end_ns", "time_ns"), END_OF_TIME),
    **dict.fromkeys(("trace_id", "span_id", "name", "kind", "work", "status"), ""),
    **dict.fromkeys(_OBJECTS, "{}"),
    **dict.fromkeys(("trace_key", "severity"), 0),
}
"""What the columns that are never NULL hold; the others are."""


class Spacing:
    """Where the long rows among the last 2,048 of one table are.

    Attributes:
        held: Bytes that they hold.
    """

    def __init__(self, columns: Sequence[str], budget: int) -> None:
        """Assume that the rows there are leave no room until `begin` says otherwise.

        Args:
            columns: Those of the table, in order.
            budget: Bytes of text that 2,048 rows may hold, long rows counted.
        """
        self._columns = columns
        self._budget = budget
        self._filler = tuple(_FILLING.get(name) for name in columns)
        self._place = 0
        self._long: deque[tuple[int, int]] = deque()
        self.held = budget
        self.begin(budget)

    def begin(self, held: int) -> None:
        """Say how many bytes the long rows among the last 2,048 hold."""
        self._place, self.held = 0, held
        self._long.clear()
        self._long.append((-1, held))

    def skip(self, rows: int) -> None:
        """Count rows of which all are short."""
        self._place += rows

    def spaced(self, rows: Rows) -> list[tuple[Field, ...]]:
        """Return rows with as many between them as it takes; a field that is too long by itself is left out."""
        spaced: list[tuple[Field, ...]] = []
        for row in rows:
            size = text_bytes(row)
            if size <= SHORT:
                spaced.append(row)
                self._place += 1
                continue
            if size > self._budget:
                row, size = self._cut(row)  # noqa: PLW2901 - the row as it is kept
            gap = self._gap(size)
            spaced += [self._filler] * gap
            self._place += gap
            spaced.append(row)
            self._note(size)
        return spaced

    def filling(self) -> list[tuple[Field, ...]]:
        """Return rows that fill a group of rows, so that what is there is not written again with what comes."""
        self._place += GROUP
        return [self._filler] * GROUP

    def _gap(self, size: int) -> int:
        """Return how many rows must lie before one of this size."""
        place = self._place
        while self._long and (self._long[0][0] <= place - VECTOR or self.held + size > self._budget):
            first, held = self._long.popleft()
            self.held -= held
            place = max(place, first + VECTOR)
        return place - self._place

    def _note(self, size: int) -> None:
        self._long.append((self._place, size))
        self.held += size
        self._place += 1

    def _cut(self, row: tuple[Field, ...]) -> tuple[tuple[Field, ...], int]:
        most = self._budget // len(row)
        cut = tuple(
            _cut_field(name, field) if isinstance(field, str) and _bytes(field) > most else field
            for name, field in zip(self._columns, row, strict=True)
        )
        return cut, text_bytes(cut)


def text_bytes(row: tuple[Field, ...]) -> int:
    """Return the bytes of a row's texts."""
    return sum(_bytes(field) for field in row if isinstance(field, str))


def are_short(batches: Iterable[Batch]) -> bool:
    """Tell without looking at each whether rows of these hold little: nearly all do, and looking takes 5 us a span."""
    size = items = 0
    for batch in batches:
        if batch.size is None:
            return False
        size += batch.size
        items += len(batch.spans) + len(batch.logs) + len(batch.points)
    return size <= min(SHORT * items, _MOST_UNSEEN)


def long_bytes(connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> int:
    """Return the bytes that the long rows among the last 2,048 of a table hold.

    Raises:
        duckdb.Error: They cannot be read, for want of memory perhaps.
    """
    sizes = " + ".join(f"coalesce(strlen(CAST({name} AS VARCHAR)), 0)" for name in columns)
    row = connection.execute(
        f"SELECT sum(size) FROM (SELECT {sizes} AS size FROM {table} "  # noqa: S608 - names of our own
        f"WHERE rowid > (SELECT max(rowid) FROM {table}) - {VECTOR}) WHERE size > {SHORT}"
    ).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _cut_field(name: str, text: str) -> Field:
    if name in _OBJECTS or name == "body":
        return json_text({attr.SHED: [name]})
    return text[:_KEPT] if name in _FILLING else None
