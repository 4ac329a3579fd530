"""What goes into which table of the embedded engine: the rows of batches, and which of them were kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from spanglass.server.record import Batch, StoredSpan
from spanglass.server.store.rows import (
    CONTENT_COLUMNS,
    LOG_COLUMNS,
    POINT_COLUMNS,
    SCORE_COLUMNS,
    SPAN_COLUMNS,
    Field,
    Rows,
    tame,
)

COLUMNS: Final = {
    "spans": SPAN_COLUMNS,
    "contents": CONTENT_COLUMNS,
    "logs": LOG_COLUMNS,
    "points": POINT_COLUMNS,
    "scores": SCORE_COLUMNS,
}
START: Final = SPAN_COLUMNS.index("start_ns")
SPAN_ID: Final = SPAN_COLUMNS.index("span_id")
TRACE_ID: Final = SPAN_COLUMNS.index("trace_id")
_CONTENT_START: Final = CONTENT_COLUMNS.index("start_ns")
_CONTENT_SPAN_ID: Final = CONTENT_COLUMNS.index("span_id")
_CONTENT_TRACE_ID: Final = CONTENT_COLUMNS.index("trace_id")


def tables_of(batches: Iterable[Batch]) -> dict[str, list[tuple[Field, ...]]]:
    """Return the rows of batches by table."""
    rows = Rows()
    spans = [rows.span(span, batch.received_ns) for batch in batches for span in batch.spans]
    return {
        "spans": [row for row, _ in spans],
        "contents": [content for _, content in spans if content is not None],
        "logs": [rows.log(record) for batch in batches for record in batch.logs],
        "points": [rows.point(point) for batch in batches for point in batch.points],
        "scores": [rows.score(score) for batch in batches for score in batch.scores],
    }


def contents_of(spans: Sequence[tuple[Field, ...]], contents: Sequence[tuple[Field, ...]]) -> list[tuple[Field, ...]]:
    """Return the contents of some spans; of an id that came twice, one."""
    keys = {(row[START], row[SPAN_ID], row[TRACE_ID]) for row in spans}
    found = {(row[_CONTENT_START], row[_CONTENT_SPAN_ID], row[_CONTENT_TRACE_ID]): row for row in reversed(contents)}
    return [row for key, row in found.items() if key in keys]


def kept_of(spans: Sequence[StoredSpan], rows: Sequence[tuple[Field, ...]]) -> Sequence[StoredSpan]:
    """Return the spans of some rows; of an id that came twice, the first."""
    if len(rows) == len(spans):
        return spans
    keys = {(row[START], row[SPAN_ID], row[TRACE_ID]) for row in rows}
    found = {(one.span.start_ns, one.span.span_id, one.span.trace_id): one for one in reversed(spans)}
    return [one for key, one in found.items() if key in keys]


def tamed(name: str, rows: Sequence[tuple[Field, ...]]) -> list[tuple[Field, ...]]:
    """Return rows that DuckDB takes."""
    return [tame(row, COLUMNS[name]) for row in rows]
