"""Whether all that was sent arrived: what each process says it sent and dropped, beside what is stored of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from spanglass.semconv import attributes as attr
from spanglass.semconv.metrics import SDK_DROPPED, SDK_EXPORTED
from spanglass.server.query.figures import count, text
from spanglass.server.query.statement import statement
from spanglass.server.record import Signal
from spanglass.server.store.protocol import Parameter, Row, Store

LIMIT: Final = 2_000
"""Most counters that are read; a process has some six."""
_SECOND: Final = 1_000_000_000
_EARLIER_NS: Final = 3600 * _SECOND
"""Counters begin a moment after the process: its first items are older than they."""
_TABLES: Final = {
    Signal.TRACES: ("spans", "start_ns"),
    Signal.LOGS: ("logs", "time_ns"),
    Signal.METRICS: ("points", "time_ns"),
}
_OURS: Final = "spanglass"
"""The SDK's name for the server it was told of by `endpoint`."""
_object = msgspec.json.Decoder(dict[str, object]).decode


class Drop(msgspec.Struct, frozen=True, kw_only=True):
    """Items the sender could not keep, and its word for why: queue_full, export_failed, shut_down or rejected."""

    reason: str
    items: int


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One signal of one source.

    Attributes:
        signal: traces, logs or metrics.
        sent: Items that the source says were taken from it; to this server, where it sends to several and says which.
        stored: Items of it that are stored.
        missing: Items sent and not stored; 0 where more is stored than was reported yet.
        dropped: Items it dropped before they were sent, by reason.
    """

    signal: str
    sent: int
    stored: int
    missing: int
    dropped: tuple[Drop, ...]


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One process.

    Attributes:
        instance: `service.instance.id`; None where it has none.
        service: Its service.
        environment: Its deployment environment.
        reported: When it last reported of itself, Unix seconds.
        signals: Its accounts.
    """

    instance: str | None
    service: str | None
    environment: str | None
    reported: float
    signals: tuple[Account, ...]


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: processes that reported in the range, the latest first."""

    sources: tuple[Source, ...]


@dataclass(slots=True)
class _Reports:
    """What one process reported."""

    service: str | None
    environment: str | None
    first_ns: int
    last_ns: int
    taken: dict[str, dict[str, int]] = field(default_factory=dict)
    dropped: dict[str, dict[str, int]] = field(default_factory=dict)


def sources(store: Store, *, start_ns: int, end_ns: int) -> Sources:
    """Return the accounts of all processes that reported in a range.

    Cumulative counters (the SDK's default) count from the start of the process, whatever the range; delta counters
    count what the range covers.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.

    Raises:
        QueryError: The question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    names = [SDK_EXPORTED.name, SDK_DROPPED.name]
    asked: dict[str, Parameter] = {"names": names, "start_ns": start_ns, "end_ns": end_ns, "limit": LIMIT}
    by_resource: dict[str, _Reports] = {}
    for row in store.select(statement("sources_reports"), asked):
        _note(row, by_resource)
    stored = {signal: _stored(store, signal, by_resource) for signal in _TABLES}
    return Sources(
        sources=tuple(
            Source(
                instance=_instance(resource),
                service=reports.service,
                environment=reports.environment,
                reported=reports.last_ns / _SECOND,
                signals=tuple(_account(signal, reports, stored[signal].get(resource, 0)) for signal in _TABLES),
            )
            for resource, reports in by_resource.items()
        )
    )


def _instance(resource: str) -> str | None:
    found = _object(resource).get(attr.SERVICE_INSTANCE_ID)
    return found if isinstance(found, str) else None


def _note(row: Row, by_resource: dict[str, _Reports]) -> None:
    first_ns, last_ns = count(row["first_ns"]), count(row["last_ns"])
    made = _Reports(text(row["service"]), text(row["environment"]), first_ns, last_ns)
    reports = by_resource.setdefault(str(row["resource"]), made)
    reports.first_ns = min(reports.first_ns, first_ns)
    labels = _object(str(row["attributes"]))
    signal = str(labels.get(attr.SIGNAL))
    items = count(row["reached"]) + count(row["added"])
    if row["name"] == SDK_EXPORTED.name:
        reports.taken.setdefault(signal, {})[str(labels.get(attr.DESTINATION))] = items
    else:
        reports.dropped.setdefault(signal, {})[str(labels.get(attr.DROP_REASON))] = items


def _stored(store: Store, signal: Signal, by_resource: Mapping[str, _Reports]) -> Mapping[str, int]:
    if not by_resource:
        return {}
    table, time = _TABLES[signal]
    since_ns = min(reports.first_ns for reports in by_resource.values()) - _EARLIER_NS
    rows: Sequence[Row] = store.select(
        statement("sources_stored", table=table, time=time), {"since_ns": since_ns, "resources": list(by_resource)}
    )
    return {str(row["resource"]): count(row["stored"]) for row in rows}


def _account(signal: Signal, reports: _Reports, stored: int) -> Account:
    taken = reports.taken.get(signal, {})
    sent = taken.get(_OURS, max(taken.values(), default=0))
    drops = reports.dropped.get(signal, {})
    return Account(
        signal=signal,
        sent=sent,
        stored=stored,
        missing=max(0, sent - stored),
        dropped=tuple(Drop(reason=reason, items=items) for reason, items in sorted(drops.items()) if items),
    )
