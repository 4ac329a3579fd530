"""One group of failures: how often, where, with which model and in which words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from spanglass.errors import NotFound, QueryError
from spanglass.server.query.errors import MOST_NAMES, ErrorGroup, Failures, failures_in, retried, samples_of
from spanglass.server.query.figures import count, text
from spanglass.server.query.filters import ANY, Filters
from spanglass.server.query.statement import statement
from spanglass.server.query.steps import demand_range
from spanglass.server.store.protocol import Row, Store

_GROUP: Final = re.compile(r"[0-9a-f]{16}")
MOST_READ: Final = 10_000
"""Failed spans that are read, the newest."""
_SAMPLES: Final = 30
_MOST_PARTS: Final = 20
_SECOND: Final = 1_000_000_000
_DIMENSIONS: Final = {
    "services": "service",
    "environments": "environment",
    "features": "feature",
    "providers": "provider",
    "models": "model",
    "types": "error_type",
    "messages": "error_message",
}


class ErrorPart(msgspec.Struct, frozen=True, kw_only=True):
    """Failures that share a value; null where there is none."""

    name: str | None
    count: int


class ErrorDetail(msgspec.Struct, frozen=True, kw_only=True):
    """The answer. Parts are the most frequent first, at most 20.

    Attributes:
        start: Of the range, Unix seconds, inclusive.
        end: Exclusive.
        since: What starts before was not read: the range has more than 10,000 spans of the group. Else the start.
        step: Seconds a step of `over_time`.
        spans: Failed spans of the group in the range, those that repeat what failed below them among them.
        group: The group, with up to 30 samples.
        services: Failures by service.
        environments: By environment.
        features: By feature.
        providers: By provider.
        models: By the model asked for, else the one that answered.
        types: By type of the error.
        messages: By the first line of the message.
    """

    start: float
    end: float
    since: float
    step: float
    spans: int
    group: ErrorGroup
    services: tuple[ErrorPart, ...]
    environments: tuple[ErrorPart, ...]
    features: tuple[ErrorPart, ...]
    providers: tuple[ErrorPart, ...]
    models: tuple[ErrorPart, ...]
    types: tuple[ErrorPart, ...]
    messages: tuple[ErrorPart, ...]


def error(store: Store, group: str, *, start_ns: int, end_ns: int, filters: Filters = ANY) -> ErrorDetail:
    """Return one group of failures of spans that start in a range.

    Args:
        store: Where to look.
        group: 16 hex digits, in any case.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.
        filters: Each holds of the span that failed.

    Raises:
        NotFound: Nothing of the group is in the range.
        QueryError: That is no group, the range or a filter is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    asked = group.lower()
    if not _GROUP.fullmatch(asked):
        raise QueryError(f"{group[:64]!r} is no group of errors; one has 16 hex digits.")
    demand_range(start_ns, end_ns)
    failures = failures_in(store, start_ns, end_ns, filters, group=asked)
    read = store.select(statement("error_spans", filters=failures.where), {**failures.given, "most": MOST_READ})
    if not read:
        raise NotFound(f"No error of the group {asked} is in this range; ask for a longer one, or with fewer filters.")
    if len(read) == MOST_READ:
        failures = failures._replace(since_ns=count(read[-1]["start_ns"]))
    failed = _deepest(read) or list(read)  # none is the deepest of spans that are each other's parents
    return ErrorDetail(
        start=start_ns / _SECOND,
        end=end_ns / _SECOND,
        since=failures.since_ns / _SECOND,
        step=failures.step_ns / _SECOND,
        spans=failures.spans,
        group=_group(store, asked, failures, failed),
        **{part: _parts(failed, column) for part, column in _DIMENSIONS.items()},
    )


def _deepest(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of spans that no span below them repeats; a later attempt repeats nothing."""
    repeated = {
        (row["trace_key"], row["parent_span_id"])
        for row in rows
        if row["parent_span_id"] is not None and not row["resend_count"]
    }
    return [row for row in rows if (row["trace_key"], row["span_id"]) not in repeated]


def _group(store: Store, group: str, failures: Failures, failed: Sequence[Row]) -> ErrorGroup:
    """Return the group of some failures, the latest first."""
    by_step = Counter(count(row["start_ns"]) // failures.step_ns for row in failed)
    parts = {column: [part.name for part in _parts(failed, column)] for column in ("service", "provider", "model")}
    places = {column: tuple(name for name in names if name is not None)[:MOST_NAMES] for column, names in parts.items()}
    return ErrorGroup(
        group=group,
        type=text(failed[0]["error_type"]),
        message=text(failed[0]["error_message"]),
        count=len(failed),
        recovered=_recovered(store, failures, failed),
        traces=len({row["trace_key"] for row in failed}),
        users=len({row["user_id"] for row in failed} - {None}),
        first_seen=count(failed[-1]["start_ns"]) / _SECOND,
        last_seen=count(failed[0]["start_ns"]) / _SECOND,
        is_new=not store.select(statement("errors_before", filters=failures.where), failures.before),
        services=places["service"],
        providers=places["provider"],
        models=places["model"],
        over_time=tuple(by_step[step] for step in failures.steps),
        samples=samples_of(failed, _SAMPLES),
    )


def _recovered(store: Store, failures: Failures, failed: Sequence[Row]) -> int:
    """Return how many failures a later attempt at the same made good: one beside it or, as the first's, below it."""
    if all(row["model"] is None for row in failed):
        return 0
    rows = store.select(retried(failures), failures.given)
    latest = {(row["trace_key"], row["parent_span_id"], row["model"]): count(row["latest_ns"]) for row in rows}
    return sum(
        any(
            latest.get((row["trace_key"], row[place], row["model"]), -1) >= count(row["end_ns"])
            for place in ("parent_span_id", "span_id")
        )
        for row in failed
    )


def _parts(failed: Sequence[Row], column: str) -> tuple[ErrorPart, ...]:
    counted = Counter(text(row[column]) for row in failed)
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0] or ""))
    return tuple(ErrorPart(name=name, count=times) for name, times in ranked[:_MOST_PARTS])
