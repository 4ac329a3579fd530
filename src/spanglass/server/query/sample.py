"""The newest traces of a range that hold something: a bounded sample of them, which says of how many it is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from spanglass.server.query.figures import count
from spanglass.server.query.filters import Conditions, Filters
from spanglass.server.query.statement import in_list, statement
from spanglass.server.store.protocol import Parameter, Row, Store

MOST_TRACES: Final = 300
MOST_SPANS: Final = 12_000
"""Spans of a sample; reading so many takes some 100 ms and 15 MB. One trace alone may have more and is cut here."""
_SLICES: Final = (512, 64, 8, 1)
"""Parts of the range that are looked at in turn, newest first, until there are traces enough."""
_MOST_STRETCHES: Final = 32
_EXACT: Final = 100_000
_PART: Final = 16
_STATUS: Final = {None: "", "error": "\n  AND status = 'error'", "ok": "\n  AND status <> 'error'"}


class Sample(NamedTuple):
    """Some traces.

    Attributes:
        seen: Traces of the range that hold what was asked for; above 100,000 counted by a 16th of them.
        traces: Spans of those read, newest trace first; those of a trace in order of start.
        cut: The first trace has more spans than are here.
    """

    seen: int
    traces: Sequence[Sequence[Row]]
    cut: bool

    @property
    def spans(self) -> int:
        """How many spans were read."""
        return sum(map(len, self.traces))


def sample(store: Store, asked: range, filters: Filters, *, holding: str, columns: str) -> Sample:
    """Return the newest traces that hold a span of some kind, whole, as far as they fit.

    Args:
        store: Where to look.
        asked: The range, Unix ns.
        filters: Each must hold of some span of the trace; `status` of one that `holding` says.
        holding: Fixed SQL: what some span of a trace must satisfy.
        columns: Fixed SQL: what to read of each span; `trace_key` is among it.

    Raises:
        QueryError: A filter is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    conditions = Conditions(filters)
    gaps = {"condition": holding + _STATUS[conditions.status], "filters": conditions.some_span()}
    bounds: Mapping[str, Parameter] = {**conditions.parameters, "start_ns": asked.start, "end_ns": asked.stop}
    keys, seen = _chosen(store, asked, gaps, bounds)
    rows = _spans(store, keys, columns) if keys else []
    by_key: dict[int, list[Row]] = {}
    for row in rows:
        by_key.setdefault(count(row["trace_key"]), []).append(row)
    return Sample(seen, [by_key[key] for key in keys if key in by_key], len(rows) == MOST_SPANS)


def _chosen(
    store: Store, asked: range, gaps: Mapping[str, str], bounds: Mapping[str, Parameter]
) -> tuple[list[int], int]:
    """Return the keys of the newest traces and how many there are; of very many about, since telling all apart is slow.

    They are looked for in the newest slice of the range that should hold enough, then in larger ones.
    """
    row = store.select(statement("sample_about", **gaps), bounds)[0]
    about = count(row["in_part"]) * _PART
    keys: list[int] = []
    for part in (part for part in _SLICES if part == 1 or about > part * MOST_TRACES):
        slice_ns = max(asked.start, asked.stop - max(1, len(asked) // part))
        rows = store.select(statement("sample", **gaps), {**bounds, "start_ns": slice_ns, "limit": MOST_TRACES})
        keys = [count(row["trace_key"]) for row in rows]
        if len(keys) == MOST_TRACES:
            break
    if about > _EXACT:
        return keys, about
    if len(keys) < MOST_TRACES:
        return keys, len(keys)
    return keys, count(store.select(statement("sample_seen", **gaps), bounds)[0]["seen"])


class _Extent(NamedTuple):
    """When spans of some traces start, Unix ns, both inclusive."""

    since_ns: int
    until_ns: int
    keys: tuple[int, ...]


def _spans(store: Store, keys: list[int], columns: str) -> Sequence[Row]:
    """Return the spans of the first traces, as many as fit; `keys` keeps those alone."""
    names, named = in_list(keys, "key")
    found = {count(row["trace_key"]): row for row in store.select(statement("sample_extents", keys=names), named)}
    keys[:] = [key for key in keys if key in found]  # some may have been let go since
    fitting = total = 0
    for key in keys:
        total += count(found[key]["size"])
        if fitting and total > MOST_SPANS:
            break
        fitting += 1
    del keys[fitting:]
    if not keys:
        return []
    extents = [_Extent(count(found[key]["since_ns"]), count(found[key]["until_ns"]), (key,)) for key in keys]
    arms: list[str] = []
    parameters: dict[str, Parameter] = {"most": MOST_SPANS}
    for place, extent in enumerate(_stretches(extents)):
        names, named = in_list(extent.keys, f"key_{place}")
        arms.append(statement("sample_stretch", columns=columns, keys=names, place=str(place)))
        parameters |= {**named, f"since_{place}": extent.since_ns, f"until_{place}": extent.until_ns}
    return store.select(statement("sample_spans", stretches="\nUNION ALL\n".join(arms)), parameters)


def _stretches(extents: Sequence[_Extent]) -> list[_Extent]:
    """Return few stretches that hold all traces: what lies between is not read, which is much where they lie apart."""
    ordered = sorted(extents)
    gaps = sorted((after.since_ns - before.until_ns for before, after in pairwise(ordered)), reverse=True)
    widest = max(0, gaps[_MOST_STRETCHES - 1]) if len(gaps) >= _MOST_STRETCHES else 0
    stretches = [ordered[0]]
    for extent in ordered[1:]:
        last = stretches[-1]
        if extent.since_ns - last.until_ns > widest:
            stretches.append(extent)
        else:
            until_ns = max(last.until_ns, extent.until_ns)
            stretches[-1] = _Extent(last.since_ns, until_ns, last.keys + extent.keys)
    return stretches
