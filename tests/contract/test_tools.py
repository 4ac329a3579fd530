"""Which tools are called and how they fare, the same on every engine."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from records import SECOND, T0, batch, resource, span, span_id, trace_id
from spanglass.errors import QueryError
from spanglass.server.query import tools as question
from spanglass.server.query.filters import Filters
from spanglass.server.query.tools import ToolFailure, Tools, ToolUser, tools
from spanglass.server.record import Facts, SpanKind, Status, StoredSpan, Work
from spanglass.server.store.protocol import Store

END = T0 + 100 * SECOND


def ran(
    trace: int,
    name: str,
    *,
    at: float = 0.0,
    lasts: float = 1.0,
    agent: str | None = None,
    failed: str | None = None,
    service: str = "shop",
) -> StoredSpan:
    """Return a tool's run."""
    status = Status.UNSET if failed is None else Status.ERROR
    kind = None if failed is None else "ValueError"
    facts = Facts(Work.TOOL, tool_name=name, agent_name=agent, error_message=failed, error_type=kind)
    return span(trace, 1, at=at, lasts=lasts, facts=facts, status=status, sender=resource(service))


def asked(store: Store, *spans: StoredSpan, tool: str | None = None, **narrowed: str) -> Tools:
    """Return the answer over some spans."""
    if spans:
        store.write([batch(*spans)])
    return tools(store, start_ns=T0, end_ns=END, tool=tool, filters=Filters(**narrowed))


def test_tools_come_by_how_often_they_run(store: Store) -> None:
    """A tool has its calls, errors, agents, and the traces of its latest call and of its latest failure."""
    answer = asked(
        store,
        ran(1, "sql", at=1, agent="planner"),
        ran(2, "sql", at=2, agent="planner", failed="no such table"),
        ran(3, "sql", at=3, failed="no such column"),
        ran(4, "sql", at=4, agent="writer", lasts=3),
        ran(5, "fetch", at=9),
        span(6, 1, at=9),
    )

    sql, fetch = answer.tools
    assert (sql.name, sql.calls, sql.errors, sql.error_rate) == ("sql", 4, 2, 0.5)
    assert sql.agents == (
        ToolUser(agent="planner", calls=2),
        ToolUser(agent=None, calls=1),
        ToolUser(agent="writer", calls=1),
    )
    assert (sql.last_seen, sql.last_trace) == (T0 / SECOND + 4, trace_id(4))
    assert sql.last_failure == ToolFailure(
        trace_id=trace_id(3), span_id=span_id(1), time=T0 / SECOND + 3, type="ValueError", message="no such column"
    )
    assert sql.duration.p50 == pytest.approx(1, rel=0.03)
    assert sql.duration.p99 == pytest.approx(3, rel=0.03)
    assert (fetch.name, fetch.errors, fetch.last_failure) == ("fetch", 0, None)
    assert answer.buckets == ()


def told_again(trace: int, number: int, parent: int, kind: SpanKind, name: str = "sql") -> StoredSpan:
    """Return what a client or server tells of a tool's run."""
    made = span(trace, number, parent, at=0.1, facts=Facts(Work.TOOL, tool_name=name))
    return replace(made, span=replace(made.span, kind=kind))


def test_what_client_and_server_tell_is_no_other_call(store: Store) -> None:
    """A call that a span around it told of counts once, whoever else tells of it; alone, either counts."""
    answer = asked(
        store,
        ran(1, "sql", lasts=5),
        told_again(1, 2, 1, SpanKind.CLIENT),
        told_again(1, 3, 2, SpanKind.SERVER),
        span(2, 1, name="POST /mcp"),
        told_again(2, 2, 1, SpanKind.SERVER),
        ran(3, "batch"),
        told_again(3, 2, 1, SpanKind.CLIENT),
        told_again(3, 3, 1, SpanKind.CLIENT),
    )

    assert [(one.name, one.calls) for one in answer.tools] == [("sql", 4), ("batch", 1)]
    assert asked(store, tool="sql").tools[0].duration.p99 == pytest.approx(5, rel=0.05)


def test_very_many_are_not_compared(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a bound, what is told again counts, and the answer says so."""
    spans = (ran(1, "sql"), told_again(1, 2, 1, SpanKind.CLIENT))
    assert asked(store, *spans).repeats_left_out

    monkeypatch.setattr(question, "MOST_REMOTE", 0)

    assert (asked(store).repeats_left_out, asked(store).tools[0].calls) == (False, 2)


def test_one_tool_is_told_over_time(store: Store) -> None:
    """A tool that is asked for comes alone, with every step of the range."""
    answer = asked(
        store, ran(1, "sql", at=1), ran(2, "sql", at=1.5, failed="x"), ran(3, "sql", at=50), ran(4, "b"), tool="sql"
    )

    assert [(one.name, one.calls) for one in answer.tools] == [("sql", 3)]
    assert len(answer.buckets) == 50  # of two seconds
    assert (answer.buckets[0].calls, answer.buckets[0].errors) == (2, 1)
    assert [round(one.start - T0 / SECOND) for one in answer.buckets if one.calls] == [0, 50]
    assert answer.buckets[1].duration.p50 is None


def test_pages_are_the_whole_list(store: Store) -> None:
    """Each tool comes once, most calls first, and pages keep the range of the first."""
    spans = [ran(n * 100 + m, f"t{n}", at=m) for n in range(5) for m in range(n + 1)]
    store.write([batch(*spans)])

    first = tools(store, start_ns=T0, end_ns=END, page=(None, 3))
    second = tools(store, start_ns=T0 + 99, end_ns=END + 99, page=(first.next_cursor, 3))

    assert [one.name for one in (*first.tools, *second.tools)] == ["t4", "t3", "t2", "t1", "t0"]
    assert (second.end, second.next_cursor) == (END / SECOND, None)


@pytest.mark.parametrize(
    ("narrowed", "names"),
    [({"service": "db"}, ["b"]), ({"status": "error"}, ["b"]), ({"user_id": "x"}, []), ({"text": "broken"}, [])],
)
def test_calls_are_narrowed(store: Store, narrowed: dict[str, str], names: list[str]) -> None:
    """A filter holds of the tool's own span."""
    answer = asked(store, ran(1, "a"), ran(2, "b", service="db", failed="broken"), **narrowed)

    assert [one.name for one in answer.tools] == names


def test_a_hostile_name_is_a_name(store: Store) -> None:
    """A name is a value and never a part of the statement."""
    evil = "'; DROP TABLE spans; --"

    assert asked(store, ran(1, evil), tool=evil).tools[0].name == evil


def test_nothing_ran(store: Store) -> None:
    """Without tools the page is empty; what cannot be asked is refused."""
    assert (asked(store).tools, asked(store, tool="x").tools, asked(store).next_cursor) == ((), (), None)
    with pytest.raises(QueryError, match="range is empty"):
        tools(store, start_ns=2, end_ns=2)
    with pytest.raises(QueryError, match="more than 500 steps"):
        tools(store, start_ns=T0, end_ns=END, step_ns=1)
    with pytest.raises(QueryError, match="not one this server gave"):
        tools(store, start_ns=T0, end_ns=END, page=("x", 5))
