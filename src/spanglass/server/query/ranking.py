"""Pages of a list that is ranked anew for each: the cursor keeps the range and how many rows were shown."""

from __future__ import annotations

from typing import Final, NamedTuple

from spanglass.errors import QueryError
from spanglass.server.query.cursor import read_cursor, write_cursor
from spanglass.server.query.steps import demand_range

MOST_ROWS: Final = 100
"""Rows a page."""
DEFAULT_ROWS: Final = 25
_MOST_SKIPPED: Final = 10_000


class RankPage(NamedTuple):
    """Which page of a ranking: the question's range, Unix ns, which later pages keep, and the rows shown before."""

    start_ns: int
    end_ns: int
    skip: int = 0

    def after(self, limit: int, found: int) -> str | None:
        """Return the cursor of the next page; None where no more than `limit` rows were found from here on."""
        return write_cursor(*self._replace(skip=self.skip + limit)) if found > limit else None


def rank_page(start_ns: int, end_ns: int, cursor: str | None, limit: int) -> RankPage:
    """Return the page that is asked for: that of the cursor, else the first of the range.

    Raises:
        QueryError: The range, the limit or the cursor is wrong.
    """
    page = RankPage(start_ns, end_ns) if cursor is None else RankPage(*read_cursor(cursor, 3))
    demand_range(page.start_ns, page.end_ns)
    if not 1 <= limit <= MOST_ROWS:
        raise QueryError(f"The limit is {limit}; use 1 to {MOST_ROWS}.")
    if not 0 <= page.skip <= _MOST_SKIPPED:
        raise QueryError(f"A ranking is shown down to {_MOST_SKIPPED} rows; use filters or a shorter range.")
    return page
