"""What was logged: records newest first, or those of one trace in their order, filtered, a page at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

import msgspec

from spanglass.errors import QueryError
from spanglass.server.query.cursor import read_cursor, write_cursor
from spanglass.server.query.figures import count, text
from spanglass.server.query.finding import demand_text, in_json
from spanglass.server.query.said import JsonValue
from spanglass.server.query.statement import statement
from spanglass.server.query.trace import JsonObject
from spanglass.server.store.protocol import Parameter, Row, Store
from spanglass.server.store.rows import trace_key

MOST_LOGS: Final = 1_000
"""Records a page."""
SEVERITIES: Final[Mapping[str, int]] = {"trace": 1, "debug": 5, "info": 9, "warn": 13, "error": 17, "fatal": 21}
"""The lowest severity number of each name, as OpenTelemetry's log data model has them."""
_SLICES: Final = (64, 8, 1)
"""Parts of the range that are looked at in turn, newest first, until a page is full."""
_BESIDE_NS: Final = 600 * 1_000_000_000
"""How long before and after its spans a trace's logs are looked for: clocks differ, and work goes on behind."""
_PAGE_BYTES: Final = 4 * 1024 * 1024
_ALWAYS_NS: Final = 2**63 - 1
_SECOND: Final = 1_000_000_000
_MOST_SKIPPED: Final = 1_000_000
_EQUAL: Final = ("service", "environment", "trace_id", "span_id")
_TEXTS: Final = ("body", "attributes")
_TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")
_SPAN_ID: Final = re.compile(r"[0-9a-f]{16}")


class LogFilters(msgspec.Struct, frozen=True, kw_only=True):
    """What logs are narrowed to; None means any.

    Attributes:
        service: A service's name.
        environment: A deployment environment.
        trace_id: 32 hex digits, in any case.
        span_id: 16 hex digits, in any case.
        severity: Lowest severity number, 1 to 24; a record that has none is then left out.
        event: An event's name.
        text: Text to find, whatever its case, in bodies, attributes and names of events.
    """

    service: str | None = None
    environment: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    severity: int | None = None
    event: str | None = None
    text: str | None = None


class LogRow(msgspec.Struct, frozen=True, kw_only=True):
    """One record.

    Attributes:
        time: When it happened, Unix seconds.
        time_ns: The same, exactly, as decimal text: Unix nanoseconds.
        level: trace, debug, info, warn, error or fatal; None where it has no severity number.
        severity: Severity number, 1 to 24; None where unspecified.
        severity_text: Severity as its sender calls it.
        event: The event's name; None for a plain record.
        body: What it says, as it was sent.
        trace_id: The trace it belongs to.
        span_id: The span it belongs to.
        service: Its service.
        environment: Its deployment environment.
        scope: The logger, or instrumentation.
        attributes: As sent.
        resource: Resource attributes, as sent.
    """

    time: float
    time_ns: str
    level: str | None
    severity: int | None
    severity_text: str | None
    event: str | None
    body: JsonValue
    trace_id: str | None
    span_id: str | None
    service: str | None
    environment: str | None
    scope: str | None
    attributes: JsonObject
    resource: JsonObject


class Logs(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    Attributes:
        logs: A page: newest first, but those of one trace from its beginning.
        start: Start of the range, or on later pages of what is left of it, Unix seconds; None where it has no bound.
        end: Its end; None where it has no bound.
        next_cursor: Of the next page; None on the last.
    """

    logs: tuple[LogRow, ...]
    start: float | None
    end: float | None
    next_cursor: str | None


class _Place(NamedTuple):
    """Where a page begins: at the edge of a range from which its order goes, behind some records of that very time."""

    start_ns: int
    end_ns: int
    skip: int


class NarrowedLogs(NamedTuple):
    """Conditions of SQL on records, their values, and whether the order is that of time."""

    sql: str
    parameters: Mapping[str, Parameter]
    rising: bool

    @property
    def order(self) -> str:
        """The order in SQL."""
        return "" if self.rising else "DESC"


def logs(
    store: Store,
    *,
    start_ns: int | None = None,
    end_ns: int | None = None,
    filters: LogFilters | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> Logs:
    """Return log records: newest first, but those of one trace from its beginning.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive. None for no bound; of a trace whose spans are stored, ten minutes before
            the first of them.
        end_ns: Unix nanoseconds, exclusive. None for no bound; of such a trace, ten minutes after its end.
        filters: What to narrow to.
        cursor: `next_cursor` of the page before; the range is then that of the first page.
        limit: Records a page, 1 to 1,000; there are fewer where their texts take more than 4 MiB.

    Raises:
        QueryError: The range, limit, cursor or a filter is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    filters = filters or LogFilters()
    if not 1 <= limit <= MOST_LOGS:
        raise QueryError(f"The limit is {limit}; use 1 to {MOST_LOGS}.")
    narrowed = narrowed_logs(filters)
    if cursor is not None:
        place = _Place(*read_cursor(cursor, 3))
    elif filters.trace_id is not None and start_ns is None and end_ns is None:
        place = _of_trace(store, str(narrowed.parameters["trace_id"]))
    else:
        place = _Place(start_ns or 0, _ALWAYS_NS if end_ns is None else end_ns, 0)
    if not (0 <= place.start_ns < place.end_ns and 0 <= place.skip <= _MOST_SKIPPED):
        raise QueryError("The range is empty; its end must be after its start.")
    rows, following = _page(store, place, narrowed, limit)
    return Logs(
        logs=tuple(_row(row) for row in rows),
        start=None if place.start_ns == 0 else place.start_ns / _SECOND,
        end=None if place.end_ns == _ALWAYS_NS else place.end_ns / _SECOND,
        next_cursor=None if following is None else write_cursor(*following),
    )


def narrowed_logs(filters: LogFilters) -> NarrowedLogs:
    """Return the conditions that filters are.

    Raises:
        QueryError: One has a value that cannot be asked for.
    """
    parameters: dict[str, Parameter] = {name: value for name in _EQUAL if (value := getattr(filters, name)) is not None}
    for name, form, digits in (("trace_id", _TRACE_ID, 32), ("span_id", _SPAN_ID, 16)):
        if name in parameters:
            parameters[name] = value = str(parameters[name]).lower()
            if not form.fullmatch(value):
                raise QueryError(f"{value[:64]!r} is no {name.replace('_', ' ')}; one has {digits} hex digits.")
    conditions = [f"{name} = ${name}" for name in parameters]
    if filters.severity is not None:
        conditions.append("severity >= $severity")
        parameters["severity"] = filters.severity
    if filters.event is not None:
        conditions.append("event_name = $event")
        parameters["event"] = filters.event
    if filters.text is not None:
        plain, *escaped = demand_text(filters.text), *in_json(filters.text)
        parameters["text"] = plain
        parameters.update({f"text_{place}": spelled for place, spelled in enumerate(escaped)})
        said = [f"sg_contains_text({column}, $text_{place})" for column in _TEXTS for place in range(len(escaped))]
        conditions.append("(" + "\n    OR ".join(["sg_contains_text(event_name, $text)", *said]) + ")")
    rising = filters.trace_id is not None
    return NarrowedLogs("".join(f"\n  AND {one}" for one in conditions), parameters, rising=rising)


def _of_trace(store: Store, trace_id: str) -> _Place:
    """Return the time of a trace by its spans, and some around it; all time where it has none."""
    found = store.select(statement("logs_bounds"), {"trace_key": trace_key(trace_id), "trace_id": trace_id})
    if not found:
        return _Place(0, _ALWAYS_NS, 0)
    first_ns, last_ns = count(found[0]["first_ns"]), count(found[0]["last_ns"])
    return _Place(max(0, first_ns - _BESIDE_NS), min(_ALWAYS_NS, last_ns + _BESIDE_NS), 0)


def _page(store: Store, place: _Place, narrowed: NarrowedLogs, limit: int) -> tuple[Sequence[Row], _Place | None]:
    """Return the records of a page, as many as fit, and where the next page begins."""
    times = _times(store, place, narrowed, place.skip + limit + 1)
    page = times[place.skip : place.skip + limit]
    if not page:
        return (), None
    within = range(place.start_ns, page[-1] + 1) if narrowed.rising else range(page[-1], place.end_ns)
    asked: dict[str, Parameter] = {**narrowed.parameters, "start_ns": within.start, "end_ns": within.stop}
    gaps = {"filters": narrowed.sql, "order": narrowed.order}
    sizes = store.select(statement("logs_sizes", **gaps), {**asked, "skip": place.skip, "limit": limit})
    fitting = _fitting([count(row["texts"]) for row in sizes])
    rows = store.select(statement("logs", **gaps), {**asked, "skip": place.skip, "limit": fitting})
    more = len(rows) < len(page) or len(times) > place.skip + limit
    return rows, _behind(place, [count(row["time_ns"]) for row in rows], narrowed) if more and rows else None


def _times(store: Store, place: _Place, narrowed: NarrowedLogs, wanted: int) -> Sequence[int]:
    """Return the times of the first records in order; newest first looks at the newest part of the range first."""
    sql = statement("logs_place", filters=narrowed.sql, order=narrowed.order)
    found: Sequence[int] = ()
    for part in (1,) if narrowed.rising else _SLICES:
        since_ns = max(place.start_ns, place.end_ns - max(1, (place.end_ns - place.start_ns) // part))
        asked = {**narrowed.parameters, "start_ns": since_ns, "end_ns": place.end_ns, "limit": wanted}
        found = [count(row["time_ns"]) for row in store.select(sql, asked)]
        if len(found) >= wanted:
            break
    return found


def _fitting(sizes: Sequence[int]) -> int:
    """Return how many of the first records fit in a page; at least one."""
    fitting = sum(1 for taken in accumulate(sizes) if taken <= _PAGE_BYTES)
    return max(1, fitting)


def _behind(place: _Place, times: Sequence[int], narrowed: NarrowedLogs) -> _Place:
    """Return where the page after some records begins."""
    last_ns = times[-1]
    same = times.count(last_ns)
    skipped_ns = place.start_ns if narrowed.rising else place.end_ns - 1
    skip = same + (place.skip if last_ns == skipped_ns else 0)
    return _Place(last_ns, place.end_ns, skip) if narrowed.rising else _Place(place.start_ns, last_ns + 1, skip)


def _row(row: Row) -> LogRow:
    severity = count(row["severity"])
    time_ns = count(row["time_ns"])
    return LogRow(
        time=time_ns / _SECOND,
        time_ns=str(time_ns),
        level=_level(severity),
        severity=severity or None,
        severity_text=text(row["severity_text"]),
        event=text(row["event_name"]),
        body=msgspec.Raw((text(row["body"]) or "null").encode()),
        trace_id=text(row["trace_id"]),
        span_id=text(row["span_id"]),
        service=text(row["service"]),
        environment=text(row["environment"]),
        scope=text(row["scope_name"]),
        attributes=msgspec.Raw(str(row["attributes"]).encode()),
        resource=msgspec.Raw(str(row["resource"]).encode()),
    )


def _level(severity: int) -> str | None:
    return next((name for name, lowest in reversed(list(SEVERITIES.items())) if severity >= lowest), None)
