"""Which attributes do spans have: their names with examples, read from a sample of the newest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

import msgspec

from spanglass.server.content import is_content_name
from spanglass.server.query.filters import ANY, Conditions, Filters
from spanglass.server.query.lookback import Question, look_back
from spanglass.server.query.statement import statement
from spanglass.server.query.steps import demand_range
from spanglass.server.store.protocol import Cell, Row, Store

SAMPLE: Final = 2_000
"""Spans that are read."""
MOST_NAMES: Final = 500
_MOST_EXAMPLES: Final = 5
_LONGEST_EXAMPLE: Final = 100
_LONGEST: Final = 8_000
"""Characters of one span's attributes, beyond which they are not read."""
_TIME_S: Final = 1.0
_SECOND: Final = 1_000_000_000


class AttributeSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One attribute.

    Attributes:
        name: As sent.
        of: span or resource.
        kind: text, number, flag, list or object; what most of its values are.
        spans: In how many spans of the sample.
        examples: Its most frequent values as a query of the filter language writes them, at most 5 of at most 100
            characters; none of what was said.
    """

    name: str
    of: str
    kind: str
    spans: int
    examples: tuple[str, ...]


class AttributesSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    Attributes:
        attributes: The most frequent first, at most 500.
        sampled: How many spans were read, at most 2,000.
        searched_back_to: Unix seconds; no span that started before was read.
        complete: Every span of the range was read.
    """

    attributes: tuple[AttributeSeen, ...]
    sampled: int
    searched_back_to: float
    complete: bool


_object = msgspec.json.Decoder(dict[str, object]).decode


def attributes_seen(
    store: Store, *, start_ns: int, end_ns: int, filters: Filters = ANY, holds: str = ""
) -> AttributesSeen:
    """Return the attributes of the newest spans of a range.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.
        filters: What to narrow to, each by the span itself.
        holds: Text that a name must hold, whatever its case.

    Raises:
        QueryError: The range or a filter is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    demand_range(start_ns, end_ns)
    conditions = Conditions(filters)
    sql = statement("attributes_seen", filters=conditions.each_span())
    question = Question(sql, {**conditions.parameters, "longest": _LONGEST})
    rows, searched_ns = look_back(store, question, range(start_ns, end_ns), wanted=SAMPLE, time_s=_TIME_S)
    complete = searched_ns <= start_ns and len(rows) < SAMPLE
    return AttributesSeen(
        attributes=_counted(rows, holds.casefold()),
        sampled=len(rows),
        searched_back_to=searched_ns / _SECOND,
        complete=complete,
    )


def _counted(rows: list[Row], holds: str) -> tuple[AttributeSeen, ...]:
    spans: Counter[tuple[str, str]] = Counter()
    kinds: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    examples: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        for of in ("span", "resource"):
            for name, value in _read(row[f"{of}_attributes"]):
                if holds not in name.casefold():
                    continue
                key = (of, name)
                spans[key] += 1
                kinds[key][_kind(value)] += 1
                if not (of == "span" and is_content_name(name)):
                    examples[key].update(_examples(value))
    chosen = sorted(spans, key=lambda key: (-spans[key], key))[:MOST_NAMES]
    return tuple(
        AttributeSeen(
            name=name,
            of=of,
            kind=kinds[of, name].most_common(1)[0][0],
            spans=spans[of, name],
            examples=tuple(text for text, _ in examples[of, name].most_common(_MOST_EXAMPLES)),
        )
        for of, name in chosen
    )


def _read(cell: Cell) -> Iterator[tuple[str, object]]:
    return iter(_object(cell).items() if isinstance(cell, str) else ())


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list):
        return "list"
    return "object" if isinstance(value, dict) else "text"


def _examples(value: object) -> Iterator[str]:
    """Yield what a query would be compared with: the elements of a list, and nothing of an object."""
    if isinstance(value, list):
        yield from (part for part in value if isinstance(part, str) and 0 < len(part) <= _LONGEST_EXAMPLE)
    elif isinstance(value, bool | int | float):
        yield msgspec.json.encode(value).decode()
    elif isinstance(value, str) and 0 < len(value) <= _LONGEST_EXAMPLE:
        yield value
