"""Where figures of model calls are read from: summaries where they can tell, the calls themselves at the edges.

A question names the dimensions it groups by. Where these and its filters are all summarised, whole hours and minutes
of its range are read from summaries, and the rest, at both ends, from the calls. The sums are the same, exactly;
durations are counted in bins, 2.2 % wide, whichever way they come.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from spanglass.server.query.figures import count
from spanglass.server.query.filters import ANY, Conditions, Filters
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Parameter, Store
from spanglass.server.store.summaries import HOUR_NS, MINUTE_NS, SUMMARISED

SUMMARISED_DIMENSIONS: Final = frozenset(
    {
        *("service", "environment", "provider", "request_model", "response_model", "operation", "feature"),
        *("prompt_name", "prompt_version", "finish_reasons", "error_type", "status"),
    }
)
"""Columns of calls that the summaries tell apart; those of latencies without the finish reasons and the error type."""
_NOT_OF_LATENCIES: Final = frozenset({"finish_reasons", "error_type"})
_SUMMARISED_FILTERS: Final = frozenset({"service", "environment", "model", "status", "feature"})
_USER: Final = "user_id"
_MADE: Final = {"tag": "sg_each(sg_texts(tags)) AS tag"}
"""Dimensions that are no columns; a call with several tags is there once for each."""
_SPANS: Final = "spans"


class Marks(NamedTuple):
    """What is there, Unix ns.

    Attributes:
        summarised_ns: Up to when minutes are summarised; hours, up to the last whole one before.
        minutes_gone_ns: Up to when summaries by minute were let go.
        spans_gone_ns: Up to when the calls themselves were.
    """

    summarised_ns: int
    minutes_gone_ns: int
    spans_gone_ns: int = 0


class Part(NamedTuple):
    """A stretch of the range, Unix ns, and the table it is read from."""

    table: str
    since_ns: int
    until_ns: int


class Calls:
    """The model calls that start in a range and satisfy the filters, as something to select from."""

    def __init__(
        self,
        store: Store,
        *,
        start_ns: int,
        end_ns: int,
        dimensions: Sequence[str] = (),
        filters: Filters = ANY,
        step_ns: int | None = None,
    ) -> None:
        """Choose what to read.

        Args:
            store: Where to look.
            start_ns: Unix nanoseconds, inclusive.
            end_ns: Unix nanoseconds, exclusive.
            dimensions: Columns of `spans` that the question groups by, beside `start_ns`; or `tag`.
            filters: Each holds of the call's own span.
            step_ns: Width of the steps of time that the question groups by; None where it does not. Where what tells
                them apart is no longer there, what is older comes in steps of a minute or an hour all the same.

        Raises:
            QueryError: A filter is wrong, or the question took too long.
            StoreUnavailable: The store is closed or unreachable.
        """
        conditions = Conditions(filters)
        asked = {name for name in filters.__struct_fields__ if getattr(filters, name) is not None}
        self._where = conditions.each_span()
        bounds = {"start_ns": start_ns, "end_ns": end_ns}
        self._given = conditions.parameters | {name: at for name, at in bounds.items() if f"${name}" in self._where}
        self._dimensions = tuple(dimensions)
        summarised = asked <= _SUMMARISED_FILTERS and SUMMARISED_DIMENSIONS.issuperset(dimensions)
        of_users = asked <= {*_SUMMARISED_FILTERS, _USER} and SUMMARISED_DIMENSIONS | {_USER} >= set(dimensions)
        self._sums: Sequence[Part] = (Part(_SPANS, start_ns, end_ns),)
        self._latencies: Sequence[Part] = self._sums
        if not (summarised or of_users):
            return
        marks = read_marks(store)
        asked_for = (start_ns, end_ns, step_ns, marks)
        if not summarised:
            self._sums = _chosen(*asked_for, {HOUR_NS: "user_hours"})
            return
        self._sums = _chosen(*asked_for, {MINUTE_NS: "call_minutes", HOUR_NS: "call_hours"})
        if _NOT_OF_LATENCIES.isdisjoint(dimensions):
            self._latencies = _chosen(*asked_for, {MINUTE_NS: "latency_minutes", HOUR_NS: "latency_hours"})

    def sums(self) -> tuple[str, Mapping[str, Parameter]]:
        """Return a table in parentheses, and its parameters: `start_ns`, the dimensions, and what is summed.

        Its rows have attempts, retries, failed, cut_short, tokens_*, cost, cost_*, billed and unpriced, each to be
        summed; a row is of one call or of many.
        """
        return self._table(self._sums, "calls")

    def latencies(self) -> tuple[str, Mapping[str, Parameter]]:
        """Return a table in parentheses, and its parameters: `start_ns`, the dimensions, measure, bin and calls.

        A measure is `duration`, of every attempt, or `first_token`, of streams; `bins` reads the bins.
        """
        return self._table(self._latencies, "latencies")

    def _table(self, chosen: Sequence[Part], name: str) -> tuple[str, Mapping[str, Parameter]]:
        parameters: dict[str, Parameter] = dict(self._given)
        arms = []
        keys = "".join(f", {_MADE.get(dimension, dimension)}" for dimension in self._dimensions)
        for place, part in enumerate(chosen):
            source = f"{name}_spans" if part.table == _SPANS else f"{name}_summary"
            bounds = f"start_ns >= $since_{place} AND start_ns < $until_{place}"
            arms.append(statement(source, table=part.table, keys=keys, bounds=bounds, filters=self._where))
            parameters |= {f"since_{place}": part.since_ns, f"until_{place}": part.until_ns}
        return "(\n" + "\nUNION ALL\n".join(arms) + "\n)", parameters


def read_marks(store: Store) -> Marks:
    """Return what is there.

    Raises:
        QueryError: The question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    found = {str(row["name"]): count(row["reached_ns"]) for row in store.select(statement("marks"), {})}
    return Marks(found.get(SUMMARISED, 0), found.get("minutes_gone", 0), found.get("spans_gone", 0))


def _chosen(
    start_ns: int, end_ns: int, step_ns: int | None, marks: Marks, tables: Mapping[int, str]
) -> tuple[Part, ...]:
    """Return the parts of a range whose steps fit the question's; where these are gone, longer steps must do."""
    usable = {unit: name for unit, name in tables.items() if step_ns is None or step_ns % unit == 0}
    finest_gone_ns = marks.minutes_gone_ns if usable else marks.spans_gone_ns
    gone_ns = min(end_ns, -(-finest_gone_ns // HOUR_NS) * HOUR_NS)
    if HOUR_NS in usable or start_ns >= gone_ns:
        return parts(start_ns, end_ns, marks, usable)
    return (*parts(start_ns, gone_ns, marks, tables), *parts(gone_ns, end_ns, marks, usable))


def parts(start_ns: int, end_ns: int, marks: Marks, tables: Mapping[int, str]) -> tuple[Part, ...]:
    """Return the stretches of a range, in order, each with the coarsest table that can tell of it.

    Args:
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.
        marks: What is there.
        tables: By the width of their steps, ns; `spans` is read where none of these can tell.
    """
    return tuple(_parts(start_ns, end_ns, marks, dict(sorted(tables.items(), reverse=True))))


def _parts(start_ns: int, end_ns: int, marks: Marks, tables: Mapping[int, str]) -> Iterator[Part]:
    """Yield the stretches; the coarsest table takes the middle, the finer ones what is left at both ends."""
    if start_ns >= end_ns:
        return
    if not tables:
        yield Part(_SPANS, start_ns, end_ns)
        return
    (step_ns, table), finer = next(iter(tables.items())), dict(list(tables.items())[1:])
    first_ns, last_ns = -(-start_ns // step_ns) * step_ns, min(end_ns, marks.summarised_ns) // step_ns * step_ns
    gone_ns = marks.minutes_gone_ns if MINUTE_NS in finer else marks.spans_gone_ns
    # An end within an hour whose minutes are gone takes all of that hour; so with minutes and spans.
    if start_ns < first_ns and first_ns - step_ns < gone_ns:
        start_ns = first_ns = first_ns - step_ns
    if last_ns < end_ns and last_ns < gone_ns and last_ns + step_ns <= marks.summarised_ns:
        end_ns = last_ns = last_ns + step_ns
    if first_ns >= last_ns:
        yield from _parts(start_ns, end_ns, marks, finer)
        return
    yield from _parts(start_ns, first_ns, marks, finer)
    yield Part(table, first_ns, last_ns)
    yield from _parts(last_ns, end_ns, marks, finer)
