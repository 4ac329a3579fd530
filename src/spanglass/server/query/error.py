"""One group of failures: how often, where, with which model and in which words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

import msgspec

from spanglass.errors import NotFound, QueryError
from spanglass.server.query.errors import RANKED, ErrorGroup, Failures, deepest, failures_in, groups_of
from spanglass.server.query.figures import count, text
from spanglass.server.query.filters import ANY, Filters
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Store

_GROUP: Final = re.compile(r"[0-9a-f]{16}")
_SAMPLES: Final = 30
_MOST_PARTS: Final = 20
_MOST_KINDS: Final = 5_000
"""Combinations of all dimensions that are read, the most frequent."""
_SECOND: Final = 1_000_000_000
_TOLD_APART: Final = (
    "service, environment, feature, provider, coalesce(request_model, response_model) AS model, error_type, "
    "error_message"
)
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
        since: What starts before was not read: the range has more than 50,000 spans of the group. Else the start.
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
    if not 0 <= start_ns < end_ns:
        raise QueryError("The range is empty; its end must be after its start.")
    failures = failures_in(store, start_ns, end_ns, filters, group=asked)
    rows = store.select(
        statement("errors", deepest=deepest(failures, RANKED), order="failures"),
        {**failures.given, "limit": 1, "skip": 0},
    )
    if not rows:
        raise NotFound(f"No error of the group {asked} is in this range; ask for a longer one, or with fewer filters.")
    return ErrorDetail(
        start=start_ns / _SECOND,
        end=end_ns / _SECOND,
        since=failures.since_ns / _SECOND,
        step=failures.step_ns / _SECOND,
        spans=failures.spans,
        group=groups_of(store, failures, rows, samples=_SAMPLES)[0],
        **_parts(store, failures),
    )


def _parts(store: Store, failures: Failures) -> Mapping[str, tuple[ErrorPart, ...]]:
    rows = store.select(
        statement("errors_parts", deepest=deepest(failures, _TOLD_APART)), {**failures.given, "most": _MOST_KINDS}
    )
    found = {}
    for part, column in _DIMENSIONS.items():
        counted: Counter[str | None] = Counter()
        for row in rows:
            counted[text(row[column])] += count(row["failures"])
        ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0] or ""))
        found[part] = tuple(ErrorPart(name=name, count=failed) for name, failed in ranked[:_MOST_PARTS])
    return found
