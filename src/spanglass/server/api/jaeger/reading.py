"""What requests to Jaeger's API say: times, durations, tags and ids as Jaeger's clients write them."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec
from starlette.datastructures import QueryParams

from spanglass.errors import QueryError
from spanglass.server.query.tagged import Wanted
from spanglass.server.record import SpanKind

_LATEST_NS: Final = 2**63 - 1
_HOUR_NS: Final = 3_600_000_000_000
_LOOK_BACK_NS: Final = 48 * _HOUR_NS
"""Where a search names no start; Jaeger's own default."""
_DEPENDENCIES_NS: Final = 24 * _HOUR_NS
_DEFAULT_LIMIT: Final = 100
MOST_TRACES: Final = 500
"""Of a search; who asks for more gets these."""
_MOST_IDS: Final = 100
_LONGEST: Final = 512
_LONGEST_TAGS: Final = 8_192
_UNITS: Final = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,  # the micro sign, and the Greek letter that looks like it
    "\u03bcs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": _HOUR_NS,
    "d": 24 * _HOUR_NS,
    "w": 168 * _HOUR_NS,
}
_PART: Final = re.compile(r"(\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})(ns|us|\u00b5s|\u03bcs|ms|s|m|h|d|w)", re.ASCII)
_TRACE_ID: Final = re.compile(r"[0-9a-fA-F]{1,32}", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_tags = msgspec.json.Decoder(dict[str, str]).decode


def read_trace_id(text: str) -> str:
    """Return a trace id as it is stored: 32 lower-case digits; a shorter one has zeros before it.

    Raises:
        QueryError: It is none.
    """
    if not _TRACE_ID.fullmatch(text.strip()):
        raise QueryError(f"{text[:64]!r} is no trace id; one has 1 to 32 hex digits.")
    return text.strip().lower().zfill(32)


def read_duration(name: str, text: str) -> int:
    """Return a duration such as `1.5s`, `100us` or `1h30m` in nanoseconds.

    Raises:
        QueryError: It is none.
    """
    parts = list(_PART.finditer(text)) if len(text) <= _LONGEST else []
    if text != "0" and (not parts or sum(len(part[0]) for part in parts) != len(text)):
        raise QueryError(f"The parameter {name} is {text[:60]!r}; use a duration such as 100us, 1.5s or 1h30m.")
    return min(int(sum(Decimal(part[1]) * _UNITS[part[2]] for part in parts)), _LATEST_NS)


def read_kind(query: QueryParams, *names: str) -> str | None:
    """Return the span kind asked for; None for all.

    Raises:
        QueryError: There is no such kind.
    """
    kind = first(query, *names)
    if kind is None:
        return None
    if kind.lower() not in set(SpanKind):
        raise QueryError(f"The parameter {names[0]} is {kind[:60]!r}; use {', '.join(SpanKind)}.")
    return kind.lower()


def read_service(query: QueryParams) -> str:
    """Return the service asked for.

    Raises:
        QueryError: None is.
    """
    service = first(query, "service")
    if service is None:
        raise QueryError("The parameter service is required; /api/services lists those there are.")
    return service


def read_ids(query: QueryParams) -> list[str]:
    """Return the trace ids that a search names instead of anything else.

    Raises:
        QueryError: One is none, or there are more than 100.
    """
    named = query.getlist("traceID")
    if len(named) > _MOST_IDS:
        raise QueryError(f"There are {len(named)} trace ids; ask for at most {_MOST_IDS} at a time.")
    return list(dict.fromkeys(map(read_trace_id, named)))


def read_search(query: QueryParams) -> tuple[Wanted, range, int]:
    """Return what a search of the older API looks for: the span, the range in Unix ns, and how many traces.

    Raises:
        QueryError: A parameter cannot be used, or the range is empty.
    """
    asked_ns, start_ns = (_number(query, name, 1_000) for name in ("end", "start"))
    end_ns = time.time_ns() if asked_ns is None else asked_ns
    if start_ns is None:
        back = first(query, "lookback")
        start_ns = end_ns - (_LOOK_BACK_NS if back in {None, "custom"} else read_duration("lookback", str(back)))
    tags = _simple_tags(query)
    for text in query.getlist("tags"):
        tags |= _json_tags("tags", text)
    wanted = _wanted(query, ("service",), ("operation",), (("minDuration",), ("maxDuration",)), tags)
    if wanted.service is None:
        raise QueryError("The parameter service is required, or traceID; /api/services lists the services there are.")
    return wanted, _range("start", "end", start_ns, end_ns), _limit(query, "limit")


def read_find(query: QueryParams) -> tuple[Wanted, range, int]:
    """Return the same of a search of version 3.

    Raises:
        QueryError: A parameter is missing or cannot be used, or the range is empty.
    """
    bounds = []
    for name, older in (("query.startTimeMin", "query.start_time_min"), ("query.startTimeMax", "query.start_time_max")):
        bounds.append(_moment(name, first(query, name, older)))
    text = first(query, "query.attributes")
    wanted = _wanted(
        query,
        ("query.serviceName", "query.service_name"),
        ("query.operationName", "query.operation_name"),
        (("query.durationMin", "query.duration_min"), ("query.durationMax", "query.duration_max")),
        {} if text is None else _json_tags("query.attributes", text),
    )
    limit = _limit(query, "query.searchDepth", "query.search_depth", "query.num_traces")
    return wanted, _range("query.startTimeMin", "query.startTimeMax", bounds[0], bounds[1]), limit


def read_calls(query: QueryParams) -> range:
    """Return the range of the older API's dependencies, Unix ns: `endTs` and `lookback` in milliseconds.

    Raises:
        QueryError: A parameter cannot be used, or the range is empty.
    """
    asked_ns, back_ns = (_number(query, name, 1_000_000) for name in ("endTs", "lookback"))
    end_ns = time.time_ns() if asked_ns is None else asked_ns
    return _range("lookback", "endTs", end_ns - (_DEPENDENCIES_NS if back_ns is None else back_ns), end_ns)


def read_calls_between(query: QueryParams) -> range:
    """Return the range of version 3's dependencies, Unix ns.

    Raises:
        QueryError: A bound is missing or cannot be read, or the range is empty.
    """
    start_ns = _moment("startTime", first(query, "startTime", "start_time"))
    end_ns = _moment("endTime", first(query, "endTime", "end_time"))
    return _range("startTime", "endTime", start_ns, end_ns)


def first(query: QueryParams, *names: str) -> str | None:
    """Return the value of the first of some names that has one; an empty one counts as none.

    Raises:
        QueryError: It has more than 8,192 characters, or more than 512 where it is not a set of tags.
    """
    for name in names:
        if value := query.get(name):
            longest = _LONGEST_TAGS if name == "query.attributes" else _LONGEST
            if len(value) > longest:
                raise QueryError(f"The parameter {name} has {len(value)} characters; use at most {longest}.")
            return value
    return None


def _wanted(
    query: QueryParams,
    service: tuple[str, ...],
    operation: tuple[str, ...],
    durations: tuple[tuple[str, ...], tuple[str, ...]],
    tags: Mapping[str, str],
) -> Wanted:
    shortest, longest = (first(query, *names) for names in durations)
    wanted = Wanted(
        service=first(query, *service),
        name=first(query, *operation),
        shortest_ns=None if shortest is None else read_duration(durations[0][0], shortest),
        longest_ns=None if longest is None else read_duration(durations[1][0], longest),
        tags=tags,
    )
    if wanted.shortest_ns is not None and wanted.longest_ns is not None and wanted.shortest_ns > wanted.longest_ns:
        raise QueryError(f"{durations[0][0]} is longer than {durations[1][0]}; no span is both.")
    return wanted


def _simple_tags(query: QueryParams) -> dict[str, str]:
    tags = {}
    for text in query.getlist("tag"):
        name, colon, value = text.partition(":")
        if not colon or len(text) > _LONGEST_TAGS:
            raise QueryError(f"The parameter tag is {text[:60]!r}; use name:value.")
        tags[name] = value
    return tags


def _json_tags(parameter: str, text: str) -> dict[str, str]:
    try:
        if len(text) <= _LONGEST_TAGS:
            return _tags(text)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        pass
    raise QueryError(
        f'The parameter {parameter} is {text[:60]!r}; use a JSON object of texts such as {{"error":"true"}}, at most '
        f"{_LONGEST_TAGS} characters."
    )


def _limit(query: QueryParams, *names: str) -> int:
    name = next((name for name in names if query.get(name)), names[0])
    asked = _number(query, name, 1)
    return min(asked, MOST_TRACES) if asked else _DEFAULT_LIMIT


def _number(query: QueryParams, name: str, unit: int) -> int | None:
    text = first(query, name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise QueryError(f"The parameter {name} is {text[:60]!r}; use a whole number, 0 or more.")
    return min(int(text) * unit, _LATEST_NS)


def _moment(name: str, text: str | None) -> int:
    if text is None:
        raise QueryError(f"The parameter {name} is required: a time such as 2026-01-31T12:00:00Z.")
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))  # a plus sign that is not escaped arrives as a space
        since = moment - _EPOCH
    except (ValueError, TypeError, OverflowError) as error:  # TypeError: it names no time zone
        raise QueryError(f"The parameter {name} is {text[:60]!r}; use a time such as 2026-01-31T12:00:00Z.") from error
    return max(0, since // timedelta(microseconds=1) * 1_000)


def _range(start: str, end: str, start_ns: int, end_ns: int) -> range:
    start_ns, end_ns = max(0, start_ns), min(end_ns, _LATEST_NS)
    if start_ns >= end_ns:
        raise QueryError(f"The range is empty: {start} must be before {end}.")
    return range(start_ns, end_ns)
