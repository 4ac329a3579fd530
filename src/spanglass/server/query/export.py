"""Everything that is kept of a signal, as lines of OTLP/JSON: each line is one export request that a receiver takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from spanglass.errors import QueryError
from spanglass.server.query.any_value import Json, any_value, pairs
from spanglass.server.query.figures import count, text
from spanglass.server.query.filters import Conditions, Filters
from spanglass.server.query.portions import Portion, Source, portions
from spanglass.server.query.statement import statement
from spanglass.server.record import Signal
from spanglass.server.store.protocol import Cell, Parameter, Row, Store

_ROWS: Final = 500
_BYTES: Final = 2 * 1024 * 1024
_KINDS: Final = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUSES: Final = ("unset", "ok", "error")
_TEMPORALITIES: Final = {"delta": 1, "cumulative": 2}
_DATA: Final = {
    "gauge": "gauge",
    "sum": "sum",
    "histogram": "histogram",
    "exponential_histogram": "exponentialHistogram",
    "summary": "summary",
}
_COMMON: Final = frozenset({"service", "environment"})
_TEXT: Final = "coalesce(length({0}), 0)"


def lines(store: Store, signal: Signal, filters: Filters, *, start_ns: int, end_ns: int) -> Iterator[bytes]:
    """Yield lines, each with its line end, of at most some 500 items and 2 MiB of their texts, in the order of time.

    Args:
        store: Where it is.
        signal: What is wanted.
        filters: For logs and metrics, service and environment alone.
        start_ns: Start, inclusive, Unix ns.
        end_ns: End, exclusive, Unix ns.

    Raises:
        QueryError: A filter cannot be applied to that signal.
    """
    conditions = Conditions(filters)
    given = {name for name in filters.__struct_fields__ if getattr(filters, name) is not None}
    if signal is not Signal.TRACES and given - _COMMON:
        raise QueryError(
            f"{signal.capitalize()} cannot be exported by {', '.join(sorted(given - _COMMON))}; "
            "use service and environment, or export traces alone."
        )
    table, time, size, read = _SIGNALS[signal]
    narrowed = conditions.each_span()
    beside = "contents" if signal is Signal.TRACES else None
    source = Source(table, time, size, narrowed, conditions.parameters, beside)
    sql = statement(f"export_{table}", conditions=narrowed)
    for part in portions(store, source, start_ns=start_ns, end_ns=end_ns, rows=_ROWS, size=_BYTES):
        document = read(store.select(sql, {**conditions.parameters, **_bounds(part)}))
        yield msgspec.json.encode(document) + b"\n"


def _bounds(part: Portion) -> dict[str, Parameter]:
    return {"since_ns": part.since_ns, "until_ns": part.until_ns, "skip": part.skip, "rows": part.rows}


def _traces(rows: Sequence[Row]) -> Json:
    return {"resourceSpans": _blocks(rows, "scopeSpans", lambda held: {"spans": [_span(row) for row in held]})}


def _logs(rows: Sequence[Row]) -> Json:
    return {"resourceLogs": _blocks(rows, "scopeLogs", lambda held: {"logRecords": [_log(row) for row in held]})}


def _metrics(rows: Sequence[Row]) -> Json:
    return {"resourceMetrics": _blocks(rows, "scopeMetrics", lambda held: {"metrics": _families(held)})}


def _blocks(rows: Sequence[Row], inner: str, items: Callable[[Sequence[Row]], Mapping[str, Json]]) -> Sequence[Json]:
    """Return rows under who sent them and what made them, in the order of the first of each."""
    senders: dict[Cell, dict[tuple[Cell, Cell], list[Row]]] = {}
    for row in rows:
        senders.setdefault(row["resource"], {}).setdefault((row["scope_name"], row["scope_version"]), []).append(row)
    return [
        {
            "resource": {"attributes": _attributes(resource)},
            inner: [
                {"scope": _known({"name": name, "version": version}), **items(held)}
                for (name, version), held in scopes.items()
            ],
        }
        for resource, scopes in senders.items()
    ]


def _span(row: Row) -> Json:
    return {
        **_known({"traceId": row["trace_id"], "spanId": row["span_id"], "parentSpanId": row["parent_span_id"]}),
        **_known({"traceState": row["trace_state"], "name": row["name"]}),
        "kind": _KINDS.index(str(row["kind"])),
        "startTimeUnixNano": str(row["start_ns"]),
        "endTimeUnixNano": str(row["end_ns"]),
        "status": _known({"code": _STATUSES.index(str(row["status"])), "message": row["status_message"]}),
        "attributes": [*_attributes(row["attributes"]), *_attributes(row["content_attributes"])],
        "events": [*_events(row["events"]), *_events(row["content_events"])],
        "links": [
            {"traceId": link["trace_id"], "spanId": link["span_id"], "attributes": pairs(link["attributes"])}
            for link in _objects(row["links"])
        ],
    }


def _events(cell: Cell) -> list[Json]:
    return [
        {"name": event["name"], "timeUnixNano": str(event["time_ns"]), "attributes": pairs(event["attributes"])}
        for event in _objects(cell)
    ]


def _log(row: Row) -> Json:
    body = text(row["body"])
    return {
        "timeUnixNano": str(row["time_ns"]),
        "severityNumber": count(row["severity"]),
        **_known({"severityText": row["severity_text"], "eventName": row["event_name"]}),
        **_known({"traceId": row["trace_id"], "spanId": row["span_id"]}),
        **({} if body is None else {"body": any_value(msgspec.json.decode(body))}),
        "attributes": _attributes(row["attributes"]),
    }


def _families(rows: Sequence[Row]) -> Sequence[Json]:
    """Return points under the metrics they belong to."""
    families: dict[tuple[Cell, ...], list[Row]] = {}
    for row in rows:
        family = (row["name"], row["unit"], row["kind"], row["temporality"], row["monotonic"])
        families.setdefault(family, []).append(row)
    found: list[Json] = []
    for (name, unit, kind, temporality, monotonic), held in families.items():
        number = kind in {"gauge", "sum"}
        data = {
            "dataPoints": [_number_point(row) if number else _histogram_point(row) for row in held],
            **_known({"aggregationTemporality": _TEMPORALITIES.get(str(temporality)), "isMonotonic": monotonic}),
        }
        found.append({**_known({"name": name, "unit": unit}), _DATA[str(kind)]: data})
    return found


def _number_point(row: Row) -> Json:
    details = _details(row)
    return {
        **_point(row),
        **({} if row["value_int"] is None else {"asInt": str(row["value_int"])}),
        **({} if row["value_double"] is None else {"asDouble": _double(row["value_double"])}),
        **_exemplars(details),
    }


def _histogram_point(row: Row) -> Json:
    details = dict(_details(row))
    exemplars = _exemplars(details)
    details.pop("exemplars", None)
    if "explicitBounds" in details:
        details["explicitBounds"] = [_double(bound) for bound in _list(details["explicitBounds"])]
    if "quantileValues" in details:
        details["quantileValues"] = [
            {"quantile": _double(one["quantile"]), "value": _double(one["value"])}
            for one in _list(details["quantileValues"])
            if isinstance(one, Mapping)
        ]
    known = {name: value for name, value in details.items() if value is not None}
    total = {} if row["total"] is None else {"sum": _double(row["total"])}
    return {**_point(row), "count": str(count(row["count"])), **total, **known, **exemplars}


def _point(row: Row) -> dict[str, Json]:
    start = row["start_ns"]
    return {
        **({} if start is None else {"startTimeUnixNano": str(start)}),
        "timeUnixNano": str(row["time_ns"]),
        "attributes": _attributes(row["attributes"]),
    }


def _details(row: Row) -> Mapping[str, Json]:
    return {} if row["details"] is None else msgspec.json.decode(str(row["details"]), type=dict[str, object])


def _exemplars(details: Mapping[str, Json]) -> Mapping[str, Json]:
    found: list[Json] = []
    for one in _list(details.get("exemplars")):
        if isinstance(one, Mapping):
            value, filtered = one.get("value"), one.get("filteredAttributes")
            number: Mapping[str, Json] = {}
            if value is not None:
                number = {"asInt": str(value)} if isinstance(value, int) else {"asDouble": _double(value)}
            ids = {name: one.get(name) for name in ("traceId", "spanId") if one.get(name)}
            moment = {"timeUnixNano": str(one.get("timeUnixNano") or 0)}
            found.append({**moment, **number, **ids, "filteredAttributes": pairs(filtered)})
    return {"exemplars": found} if found else {}


def _double(value: Json | Cell) -> Json:
    """Return a number as JSON of protobuf has it; what is none was an infinity or NaN."""
    if not isinstance(value, int | float):
        return "NaN"
    return value if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _attributes(cell: Cell) -> list[Json]:
    return [] if cell is None else pairs(msgspec.json.decode(str(cell)))


def _objects(cell: Cell) -> list[dict[str, Json]]:
    return [] if cell is None else msgspec.json.decode(str(cell), type=list[dict[str, object]])


def _list(value: Json) -> Sequence[Json]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _known(fields: Mapping[str, Cell]) -> dict[str, Json]:
    return {name: value for name, value in fields.items() if value is not None}  # type: ignore[misc]


_Reader: TypeAlias = Callable[[Sequence[Row]], Json]


def _size(*columns: str) -> str:
    return " + ".join(_TEXT.format(column) for column in columns)


_SIGNALS: Final[Mapping[Signal, tuple[str, str, str, _Reader]]] = {
    Signal.TRACES: ("spans", "start_ns", _size("attributes", "events"), _traces),
    Signal.LOGS: ("logs", "time_ns", _size("attributes", "body"), _logs),
    Signal.METRICS: ("points", "time_ns", _size("attributes", "details"), _metrics),
}
