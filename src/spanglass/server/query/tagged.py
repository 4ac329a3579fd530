"""Which traces have a span of this service, name and duration that carries these tags: the newest, without paging."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from spanglass.errors import QueryError
from spanglass.server.query.figures import count
from spanglass.server.query.services import named_service
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Parameter, Store
from spanglass.server.store.rows import json_text

MOST_TAGS: Final = 20
_SLICES: Final = (64, 8, 1)
"""Parts of the range that are looked at in turn, newest first, until there are enough traces."""
_PLACES: Final = ("attributes", "resource", "events")
_COLUMNS: Final = {
    "span.kind": "kind",
    "otel.scope.name": "scope_name",
    "otel.scope.version": "scope_version",
    "otel.status_description": "status_message",
}
"""Tags that stand for what is a column here."""
_FAILED: Final = {"true": "status = 'error'", "false": "status <> 'error'"}
_WORDS: Final = frozenset({"true", "false", "null"})


class Wanted(NamedTuple):
    """What one span of a trace must be.

    Attributes:
        service: Its service; None for any, `UNKNOWN` for none.
        name: Its name; None for any.
        shortest_ns: Least duration, ns.
        longest_ns: Greatest duration, ns.
        tags: Values of its attributes, its resource's or its events', numbers and flags as text. `error`, `span.kind`,
            `otel.status_code` and `otel.scope.name` are what Jaeger makes of a span's own fields.
    """

    service: str | None = None
    name: str | None = None
    shortest_ns: int | None = None
    longest_ns: int | None = None
    tags: Mapping[str, str] = {}


def tagged(store: Store, wanted: Wanted, *, start_ns: int, end_ns: int, limit: int) -> tuple[int, ...]:
    """Return the keys of the newest traces of which a span that starts in a range is as wanted.

    Args:
        store: Where to look.
        wanted: What the span must be.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.
        limit: Most traces.

    Raises:
        QueryError: There are more than 20 tags, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    sql, asked = tagged_statement(wanted)
    found: tuple[int, ...] = ()
    for part in _SLICES:
        slice_ns = end_ns - max(1, (end_ns - start_ns) // part)
        rows = store.select(sql, {**asked, "start_ns": slice_ns, "before_ns": end_ns, "limit": limit})
        found = tuple(count(row["trace_key"]) for row in rows)
        if len(found) >= limit or slice_ns == start_ns:
            break
    return found


def tagged_statement(wanted: Wanted) -> tuple[str, Mapping[str, Parameter]]:
    """Return the SQL of a slice and its parameters but for range and limit.

    Raises:
        QueryError: There are more than 20 tags.
    """
    if len(wanted.tags) > MOST_TAGS:
        raise QueryError(f"There are {len(wanted.tags)} tags to look for; use at most {MOST_TAGS}.")
    conditions: list[str] = []
    asked: dict[str, Parameter] = {}
    if wanted.service is not None:
        condition, of_service = named_service(wanted.service)
        conditions.append(condition)
        asked.update(of_service)
    for name, value, sql in (
        ("name", wanted.name, "name = $name"),
        ("shortest_ns", wanted.shortest_ns, "end_ns - start_ns >= $shortest_ns"),
        ("longest_ns", wanted.longest_ns, "end_ns - start_ns <= $longest_ns"),
    ):
        if value is not None:
            conditions.append(sql)
            asked[name] = value
    for place, (tag, value) in enumerate(wanted.tags.items()):
        conditions.append(_condition(f"tag_{place}", tag, value, asked))
    filters = "".join(f"\n  AND {condition}" for condition in conditions)
    return statement("traces_page", filters=filters), asked


def _condition(parameter: str, tag: str, value: str, asked: dict[str, Parameter]) -> str:
    """Return what a tag asks of a span; the values it needs are added to those asked."""
    if tag == "error" and value in _FAILED:
        return _FAILED[value]
    if tag == "otel.status_code":
        asked[parameter] = value.lower()
        return f"status = ${parameter}"
    if tag in _COLUMNS:
        asked[parameter] = value
        return f"{_COLUMNS[tag]} = ${parameter}"
    tests = []
    for number, spelled in enumerate(_spellings(tag, value)):
        asked[f"{parameter}_{number}"] = spelled
        tests += [f"position(${parameter}_{number} IN {column}) > 0" for column in _PLACES]
    return "(" + "\n    OR ".join(tests) + ")"


def _spellings(tag: str, value: str) -> tuple[str, ...]:
    """Return how a pair is spelled in compact JSON: as text and, where it can be one, as a number or a flag.

    A quotation mark inside a text is escaped, so that these are found as pairs alone, also of maps inside.
    """
    name = json_text(tag)
    as_text = f"{name}:{json_text(value)}"
    return (as_text, f"{name}:{value},", f"{name}:{value}}}") if _is_plain(value) else (as_text,)


def _is_plain(value: str) -> bool:
    if value in _WORDS:
        return True
    try:
        float(value)
    except ValueError:
        return False
    return value[-1:].isdigit() and value[0] in "-0123456789" and value.isascii()
