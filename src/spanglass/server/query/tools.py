"""Which tools are called: how often, how long, how they fail and by which agents; one of them also over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from spanglass.server.query.bins import percentiles
from spanglass.server.query.figures import Percentiles, count, text
from spanglass.server.query.filters import ANY, Conditions, Filters
from spanglass.server.query.ranking import DEFAULT_ROWS, rank_page
from spanglass.server.query.statement import in_list, statement
from spanglass.server.query.steps import asked_step, steps
from spanglass.server.store.protocol import Parameter, Row, Store

MOST_REMOTE: Final = 200_000
"""Spans of tools' clients and servers that are compared with those around them."""
_SECOND: Final = 1_000_000_000
_MOST_ROWS: Final = 50_000
_MOST_AGENTS: Final = 20


class ToolFailure(msgspec.Struct, frozen=True, kw_only=True):
    """The latest call of a tool that failed; `time` in Unix seconds."""

    trace_id: str
    span_id: str
    time: float
    type: str | None
    message: str | None


class ToolUser(msgspec.Struct, frozen=True, kw_only=True):
    """An agent that calls a tool, and how often; null for calls that name none."""

    agent: str | None
    calls: int


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """One tool.

    Attributes:
        name: Its name.
        calls: How often it ran. What its client or server tells of a call that a span around it told of is no other.
        errors: How often it failed.
        error_rate: Of its calls, 0 to 1.
        duration: Of its calls, to 2.7 %.
        agents: Who calls it, most calls first, at most 20.
        last_seen: When the latest call began, Unix seconds.
        last_trace: The trace of that call.
        last_failure: The latest that failed; null where none did.
    """

    name: str
    calls: int
    errors: int
    error_rate: float
    duration: Percentiles
    agents: tuple[ToolUser, ...]
    last_seen: float
    last_trace: str | None
    last_failure: ToolFailure | None


class ToolBucket(msgspec.Struct, frozen=True, kw_only=True):
    """One step of time; `start` in Unix seconds. Empty steps are present."""

    start: float
    calls: int
    errors: int
    duration: Percentiles


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: one page.

    Attributes:
        start: Unix seconds, inclusive.
        end: Unix seconds, exclusive.
        step: Seconds a bucket.
        tools: Most calls first.
        buckets: The calls of the tool that was asked for, over time; empty where none was.
        repeats_left_out: What a tool's client or server tells again is left out; false where the range has more than
            200,000 spans of such, which are then not compared, so that calls may count twice.
        next_cursor: Of the next page; null on the last.
    """

    start: float
    end: float
    step: float
    tools: tuple[Tool, ...]
    repeats_left_out: bool
    buckets: tuple[ToolBucket, ...]
    next_cursor: str | None


class _Asked(NamedTuple):
    """Which calls are asked for: the condition on them and its parameters, with the bounds."""

    where: str
    parameters: Mapping[str, Parameter]

    def select(self, store: Store, name: str, more: Mapping[str, Parameter], **gaps: str) -> Sequence[Row]:
        return store.select(statement(name, filters=self.where, **gaps), {**self.parameters, **more})


def tools(
    store: Store,
    *,
    start_ns: int,
    end_ns: int,
    tool: str | None = None,
    step_ns: int | None = None,
    filters: Filters = ANY,
    page: tuple[str | None, int] = (None, DEFAULT_ROWS),
) -> Tools:
    """Return the tools of which a call starts in a range.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive. With a cursor the range of its first page counts.
        tool: This one alone, also over time.
        step_ns: Width of a bucket; by default one that gives at most 61 buckets.
        filters: Each holds of the tool's own span.
        page: `next_cursor` of the page before, and tools a page, 1 to 100.

    Raises:
        QueryError: The range, step, limit, cursor or a filter is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    place = rank_page(start_ns, end_ns, *page)
    step = asked_step(place.start_ns, place.end_ns, step_ns)
    conditions = Conditions(filters)
    range_ns = {"start_ns": place.start_ns, "end_ns": place.end_ns}
    remote = count(store.select(statement("tools_remote"), range_ns)[0]["remote"])
    once = f"\n{statement('tools_repeated')}" if 0 < remote <= MOST_REMOTE else ""  # it costs a join
    asked = _Asked(conditions.each_span() + once, {**conditions.parameters, **range_ns})
    if tool is not None:
        asked = _Asked(f"{asked.where}\n  AND tool_name = $one_tool", {**asked.parameters, "one_tool": tool})
    rows = asked.select(store, "tools", {"limit": page[1] + 1, "skip": place.skip})
    return Tools(
        start=place.start_ns / _SECOND,
        end=place.end_ns / _SECOND,
        step=step / _SECOND,
        tools=tuple(_tools(store, asked, rows[: page[1]])) if rows else (),
        repeats_left_out=remote <= MOST_REMOTE,
        buckets=() if tool is None else tuple(_buckets(store, asked, place.start_ns, place.end_ns, step)),
        next_cursor=place.after(page[1], len(rows)),
    )


def _tools(store: Store, asked: _Asked, ranked: Sequence[Row]) -> Iterator[Tool]:
    names, named = in_list([str(row["tool"]) for row in ranked], "tool")
    figures: dict[str, list[Row]] = {}
    for row in asked.select(store, "tools_figures", {**named, "most": _MOST_ROWS}, tools=names):
        figures.setdefault(str(row["tool"]), []).append(row)
    latest = _latest(store, asked, ranked, names, named)
    for row in ranked:
        name = str(row["tool"])
        of_tool = latest.get(name, ())
        seen = next((one for one in of_tool if one["start_ns"] == row["last_ns"]), None)
        failed = (one for one in of_tool if one["start_ns"] == row["last_failed_ns"] and one["status"] == "error")
        yield _tool(row, figures.get(name, ()), seen, next(failed, None))


def _latest(
    store: Store, asked: _Asked, ranked: Sequence[Row], names: str, named: Mapping[str, Parameter]
) -> Mapping[str, Sequence[Row]]:
    """Return, by tool, the calls that start when the tool's latest call and its latest failure do."""
    starts = dict.fromkeys(count(row[column]) for row in ranked for column in ("last_ns", "last_failed_ns"))
    times, timed = in_list(list(starts), "time")
    found: dict[str, list[Row]] = {}
    for row in asked.select(store, "tools_latest", {**named, **timed}, tools=names, times=times):
        found.setdefault(str(row["tool"]), []).append(row)
    return found


def _tool(row: Row, figures: Sequence[Row], seen: Row | None, failed: Row | None) -> Tool:
    calls, errors = count(row["calls"]), count(row["failed"])
    agents: Counter[str | None] = Counter()
    for part in figures:
        agents[text(part["agent"])] += count(part["calls"])
    users = sorted(agents.items(), key=lambda item: (-item[1], item[0] or ""))[:_MOST_AGENTS]
    return Tool(
        name=str(row["tool"]),
        calls=calls,
        errors=errors,
        error_rate=errors / calls,
        duration=_duration(figures),
        agents=tuple(ToolUser(agent=agent, calls=called) for agent, called in users),
        last_seen=count(row["last_ns"]) / _SECOND,
        last_trace=None if seen is None else text(seen["trace_id"]),
        last_failure=None if failed is None else _failure(failed),
    )


def _failure(row: Row) -> ToolFailure:
    return ToolFailure(
        trace_id=str(row["trace_id"]),
        span_id=str(row["span_id"]),
        time=count(row["start_ns"]) / _SECOND,
        type=text(row["error_type"]),
        message=text(row["error_message"]),
    )


def _buckets(store: Store, asked: _Asked, start_ns: int, end_ns: int, step: int) -> Iterator[ToolBucket]:
    found: dict[int, list[Row]] = {}
    for row in asked.select(store, "tools_over_time", {"step_ns": step, "most": _MOST_ROWS}):
        found.setdefault(count(row["step"]), []).append(row)
    for index in steps(start_ns, end_ns, step):
        rows = found.get(index, ())
        yield ToolBucket(
            start=index * step / _SECOND,
            calls=sum(count(row["calls"]) for row in rows),
            errors=sum(count(row["failed"]) for row in rows),
            duration=_duration(rows),
        )


def _duration(rows: Sequence[Row]) -> Percentiles:
    counted: Counter[int] = Counter()
    for row in rows:
        counted[count(row["bin"])] += count(row["calls"])
    return percentiles(counted)
