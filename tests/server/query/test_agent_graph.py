"""Whatever a trace looks like, each of its spans is something called once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spanglass.server.query.agent_graph import Walk
from spanglass.server.store.protocol import Row

ids = st.integers(0, 8).map(str)
kinds = st.sampled_from(["agent", "tool", "retrieval", "llm", "other"])
names = st.sampled_from([None, "a", "b", "handoff"])


def row(
    number: str,
    parent: str | None,
    work: str,
    name: str | None,
    at: int,
    lasts: int,
    *,
    failed: bool,
    resend: int | None,
) -> Row:
    """Return a span's row."""
    return {
        "trace_key": 1,
        "span_id": number,
        "parent_span_id": parent,
        "name": f"{work} {name}",
        "work": work,
        "start_ns": at,
        "end_ns": at + lasts,
        "status": "error" if failed else "unset",
        "scope_name": None,
        "service": "shop",
        "agent_name": name,
        "tool_name": name,
        "operation": "chat" if work == "llm" else None,
        "request_model": name,
        "response_model": None,
        "finish_reasons": '["tool_calls"]' if failed else None,
        "resend_count": resend,
        "input_tokens": 1,
        "output_tokens": None,
        "cache_read_tokens": None,
        "cache_write_tokens": None,
        "reasoning_tokens": None,
        "cost_state": "computed" if work == "llm" else None,
        "cost_amount": 2 if work == "llm" else None,
    }


rows = st.builds(
    row,
    ids,
    st.none() | ids,
    kinds,
    names,
    st.integers(0, 20),
    st.integers(0, 20),
    failed=st.booleans(),
    resend=st.none() | st.integers(0, 3),
)


@given(st.lists(rows, max_size=30))
def test_any_tree_is_walked(spans: list[Row]) -> None:
    """Cycles, missing parents and ids used twice cost no span: every model call is called once, and has one caller."""
    walk = Walk()

    walk.trace(sorted(spans, key=lambda one: int(str(one["start_ns"]))))

    calls = [act for act in walk.acts if act.callee[0] == "model"]
    assert len(calls) == sum(one["operation"] is not None for one in spans)
    assert all(act.caller is not None for act in calls)


@given(st.lists(rows, max_size=30))
def test_no_cost_is_lost_or_doubled(spans: list[Row]) -> None:
    """The runs that stand in no other have all the cost beneath agents, each call's once."""
    walk = Walk()

    walk.trace(sorted(spans, key=lambda one: int(str(one["start_ns"]))))

    outermost = sum(run.cost.calls for run in walk.runs if run.above is None)
    beneath = sum(act.caller is not None and act.callee[0] == "model" and act.caller[0] == "agent" for act in walk.acts)
    assert outermost <= beneath
    assert all(run.above is None or run.above.cost.calls >= run.cost.calls for run in walk.runs)


@given(st.integers(1, 5_000))
def test_a_deep_trace_is_walked(deep: int) -> None:
    """A chain of agents as deep as a trace is long needs no deep stack."""
    spans = [
        row(str(n), str(n - 1) if n else None, "agent", f"a{n}", n, 9, failed=False, resend=None) for n in range(deep)
    ]
    walk = Walk()

    walk.trace(spans)

    assert [act.callee for act in walk.acts[1:]] == [("agent", f"a{n}") for n in range(deep)]
