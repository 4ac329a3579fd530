"""A trace has a shape whatever its producers sent: orphans, cycles, skewed clocks, shared ids."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spanglass.server.query.timeline import Interval, time_by_work, tree_order

names = st.sampled_from("abcdefgh")
intervals = st.lists(
    st.builds(
        lambda span, parent, start, lasts, work: Interval(span, parent, start, start + lasts, work),
        names,
        st.none() | names,
        st.integers(0, 30),
        st.integers(0, 30),
        st.sampled_from(["llm", "db", "other"]),
    ),
    min_size=1,
    max_size=12,
).map(lambda found: sorted(found, key=lambda interval: interval.start_ns))


def of(*parts: tuple[str, str | None, int, int, str]) -> list[Interval]:
    """Return intervals in order of start."""
    return sorted((Interval(*part) for part in parts), key=lambda interval: interval.start_ns)


def work(spans: list[Interval]) -> dict[str, int]:
    """Return where the time went."""
    return time_by_work(spans, dict(tree_order(spans)))


@given(intervals)
def test_every_span_is_shown_once(spans: list[Interval]) -> None:
    """Whatever the parents say, the order holds every span once, and a child stands one deeper than some parent."""
    order = tree_order(spans)

    assert sorted(place for place, _ in order) == list(range(len(spans)))
    for at, (place, depth) in enumerate(order):
        if depth:
            above = [spans[other].span_id for other, shallower in order[:at] if shallower == depth - 1]
            assert spans[place].parent_span_id in above


@given(intervals)
def test_shares_sum_to_the_whole(spans: list[Interval]) -> None:
    """Every nanosecond from the earliest start to the latest end goes to one kind of work."""
    whole = max(span.end_ns for span in spans) - min(span.start_ns for span in spans)

    assert sum(work(spans).values()) == whole


def test_siblings_stand_by_start_below_their_parent() -> None:
    """The order is that of a waterfall."""
    spans = of(
        ("root", None, 0, 10, "other"),
        ("b", "root", 4, 6, "llm"),
        ("a", "root", 1, 3, "llm"),
        ("a1", "a", 2, 3, "db"),
    )

    assert [(spans[place].span_id, depth) for place, depth in tree_order(spans)] == [
        ("root", 0),
        ("a", 1),
        ("a1", 2),
        ("b", 1),
    ]


def test_orphans_and_cycles_stand_as_roots() -> None:
    """A span whose parent is absent is a root; of a cycle the earliest is."""
    spans = of(("x", "y", 1, 2, "llm"), ("y", "x", 0, 2, "llm"), ("me", "me", 3, 4, "llm"), ("o", "gone", 5, 6, "llm"))

    assert [(spans[place].span_id, depth) for place, depth in tree_order(spans)] == [
        ("o", 0),
        ("y", 0),
        ("x", 1),
        ("me", 0),
    ]


def test_a_very_deep_trace_has_an_order() -> None:
    """Ten thousand nested spans are no recursion."""
    spans = [Interval(str(depth), str(depth - 1) if depth else None, depth, 20_000, "llm") for depth in range(10_000)]

    assert tree_order(spans)[-1] == (9_999, 9_999)
    assert work(spans) == {"llm": 20_000}


def test_the_deepest_span_has_the_time() -> None:
    """A child takes its time from its parent, also where a skewed clock puts it outside; gaps are other."""
    assert work(
        of(("agent", None, 0, 10, "agent"), ("llm", "agent", 2, 7, "llm"), ("late", "agent", 12, 15, "db"))
    ) == {"agent": 5, "llm": 5, "db": 3, "other": 2}


def test_of_parallel_spans_the_latest_started_has_the_time() -> None:
    """Parallel work is not counted twice."""
    assert work(of(("root", None, 0, 10, "other"), ("a", "root", 0, 8, "llm"), ("b", "root", 2, 4, "db"))) == {
        "llm": 6,
        "other": 2,
        "db": 2,
    }
