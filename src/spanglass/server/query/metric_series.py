"""The series of one metric: which there are, what they are labelled with, and how many points they have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from spanglass.errors import QueryError
from spanglass.server.query.figures import count, text
from spanglass.server.query.filters import Filters
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Parameter, Row, Store
from spanglass.server.store.rows import json_text

MOST_SERIES: Final = 5_000
"""Of a metric; those with the most points are read."""
_MOST_TEXTS: Final = 16 * 1024 * 1024
"""Of their labels and senders, bytes."""
_COLUMNS: Final = ("service", "environment")
_object = msgspec.json.Decoder(dict[str, object]).decode


class Label(NamedTuple):
    """A label and the value it must have."""

    name: str
    value: str


class Series(NamedTuple):
    """One series: points of the same labels, sender and instrumentation.

    Attributes:
        key: What its rows are told by.
        labels: Its labels, as text.
        sender: Resource attributes, as text.
        service: Its service.
        environment: Its deployment environment.
        kind: gauge, sum, histogram, exponential_histogram or summary.
        unit: Its unit.
        temporality: delta or cumulative; None where the kind has none.
        monotonic: Of sums: it never falls.
        points: Points in the range.
        first_ns: Time of the first of them.
        last_ns: Time of the last of them.
        texts: Bytes of their details; 0 where that was not asked for.
    """

    key: int
    labels: Mapping[str, str]
    sender: Mapping[str, str]
    service: str | None
    environment: str | None
    kind: str
    unit: str | None
    temporality: str | None
    monotonic: bool | None
    points: int
    first_ns: int
    last_ns: int
    texts: int

    @property
    def interval_ns(self) -> int | None:
        """Usual time between two of its points; None where there is but one."""
        return (self.last_ns - self.first_ns) // (self.points - 1) if self.points > 1 else None

    def label(self, name: str) -> str | None:
        """Return a label's value: of the series, else `service` or `environment`, else of its resource."""
        if name in self.labels:
            return self.labels[name]
        if name in _COLUMNS:
            return self.service if name == "service" else self.environment
        return self.sender.get(name)


class Narrowed(NamedTuple):
    """Conditions of SQL on points, and their values."""

    sql: str
    parameters: Mapping[str, Parameter]


def read_label(asked: str) -> Label:
    """Read `label=value`.

    Raises:
        QueryError: It has no `=`, or nothing before it.
    """
    name, equals, value = asked.partition("=")
    if not equals or not name:
        raise QueryError(f"The filter is {asked[:80]!r}; use label=value, such as gen_ai.request.model=gpt-5.")
    return Label(name, value)


def narrowed(filters: Filters, label: Label | None = None) -> Narrowed:
    """Return what narrows points to a service, an environment and, before it is looked at closely, a label."""
    equal = {column: getattr(filters, column) for column in _COLUMNS if getattr(filters, column) is not None}
    parameters: dict[str, Parameter] = dict(equal)
    conditions = [f"{column} = ${column}" for column in equal]
    if label is not None and label.name not in _COLUMNS:
        parameters["label_text"] = json_text({label.name: label.value})[1:-1]
        parameters["label_plain"] = f"{json_text(label.name)}:{label.value}"
        held = (f"sg_holds({column}, ${name})" for column in ("attributes", "resource") for name in _SPELLINGS)
        conditions.append("(" + "\n    OR ".join(held) + ")")
    return Narrowed("".join(f"\n  AND {condition}" for condition in conditions), parameters)


_SPELLINGS: Final = ("label_text", "label_plain")


class Found(NamedTuple):
    """The series of a metric.

    Attributes:
        series: Those that were read, the ones with the most points first.
        missed: How many more there are.
        points: Of all of them.
    """

    series: Sequence[Series]
    missed: int
    points: int


def read_series(store: Store, name: str, asked: range, where: Narrowed, label: Label | None) -> Found:
    """Return the series of a metric in a range that have a label.

    Raises:
        QueryError: The question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    bounds: Mapping[str, Parameter] = {"name": name, "start_ns": asked.start, "end_ns": asked.stop}
    most: Mapping[str, Parameter] = {"limit": MOST_SERIES, "most_texts": _MOST_TEXTS}
    rows = store.select(statement("metric_series", filters=where.sql), {**bounds, **most, **where.parameters})
    every = [_series(row) for row in rows]
    series = [one for one in every if label is None or one.label(label.name) == label.value]
    if not rows:
        return Found((), 0, 0)
    points = count(rows[0]["all_points"]) - sum(one.points for one in every) + sum(one.points for one in series)
    return Found(series, count(rows[0]["all_series"]) - len(rows), points)


def usual_interval_ns(series: Iterable[Series]) -> int | None:
    """Return the usual time between two points of a series, in the middle of all series; None where none has two."""
    intervals = sorted(one.interval_ns for one in series if one.interval_ns is not None)
    return intervals[len(intervals) // 2] if intervals else None


def _series(row: Row) -> Series:
    return Series(
        key=count(row["series"]),
        labels=as_texts(str(row["attributes"])),
        sender=as_texts(str(row["resource"])),
        service=text(row["service"]),
        environment=text(row["environment"]),
        kind=str(row["kind"]),
        unit=text(row["unit"]),
        temporality=text(row["temporality"]),
        monotonic=row["monotonic"] if isinstance(row["monotonic"], bool) else None,
        points=count(row["held"]),
        first_ns=count(row["first_ns"]),
        last_ns=count(row["last_ns"]),
        texts=count(row["texts"]),
    )


def as_texts(attributes: str) -> Mapping[str, str]:
    """Return an object of JSON text with its values as text; numbers, flags and what is nested as JSON."""
    values = _object(attributes)
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in values.items()
        if value is not None
    }
