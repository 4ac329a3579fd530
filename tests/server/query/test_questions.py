"""What a question refuses to ask, and what it chooses for the asker."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records import SECOND, T0, batch, call, computed, span, trace_id
from spanglass.errors import QueryError
from spanglass.server.query.cursor import read_cursor, write_cursor
from spanglass.server.query.filters import Filters
from spanglass.server.query.finding import MAX_TEXT
from spanglass.server.query.overview import Overview, overview
from spanglass.server.query.steps import good_step
from spanglass.server.query.trace import Trace, trace
from spanglass.server.query.traces import Traces, traces
from spanglass.server.record import Facts
from spanglass.server.store.duckdb import DuckDBStore

numbers = st.integers(-(2**63), 2**63 - 1)


@pytest.fixture(scope="module")
def store() -> Iterator[DuckDBStore]:
    """Return a store with one call."""
    made = DuckDBStore(None)
    made.write([batch(span(1, 1), call(1, 2, 1, cost=computed("0.10")))])
    yield made
    made.close()


@given(st.lists(numbers, min_size=1, max_size=4))
def test_a_cursor_names_its_place(place: list[int]) -> None:
    """A cursor reads back as what was written."""
    assert read_cursor(write_cursor(*place), len(place)) == tuple(place)


@given(st.text() | st.binary(max_size=40).map(lambda raw: raw.hex()))
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    """What is no cursor is a question error and nothing else; by chance it may be one."""
    try:
        assert write_cursor(*read_cursor(cursor, 3)) == cursor
    except QueryError as error:
        assert "start again from the first page" in str(error)  # noqa: PT017 - either outcome is right


spans_of_some_traces = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 2_000), st.sampled_from(["ann", "bob"])), min_size=1, max_size=60
)


@settings(deadline=None, max_examples=60)
@given(spans_of_some_traces, st.integers(1, 4), st.sampled_from([None, "ann"]), st.integers(0, 500))
def test_pages_together_are_the_whole_list(
    spans: list[tuple[int, int, str]], limit: int, user: str | None, begin: int
) -> None:
    """However the range is sliced and paged, traces come once each, by the first of their spans in the range."""
    made = DuckDBStore(None)
    made.write([batch(*(span(t, n, at=at, facts=Facts(user_id=who)) for n, (t, at, who) in enumerate(spans)))])
    inside = [(t, at, who) for t, at, who in spans if at >= begin]
    expected = {
        trace_id(t): -min(at for other, at, _ in inside if other == t)
        for t, _, who in inside
        if user is None or who == user
    }
    found: list[str] = []
    cursor = None
    while not found or cursor:
        page = traces(
            made,
            start_ns=T0 + begin * SECOND,
            end_ns=T0 + 2_001 * SECOND,
            filters=Filters(user_id=user),
            cursor=cursor,
            limit=limit,
        )
        found += [row.trace_id for row in page.traces]
        cursor = page.next_cursor
        if not found:
            break
    made.close()

    assert sorted(found) == sorted(expected)
    assert [expected[one] for one in found] == sorted(expected.values())


@pytest.mark.parametrize("limit", [0, -1, 501])
def test_a_page_has_a_sane_size(store: DuckDBStore, limit: int) -> None:
    """A limit outside 1 to 500 is refused."""
    with pytest.raises(QueryError, match="use 1 to 500"):
        traces(store, start_ns=T0, end_ns=T0 + 1, limit=limit)


@pytest.mark.parametrize(("start_ns", "end_ns"), [(T0, T0), (T0 + 1, T0), (-1, T0)])
def test_an_empty_range_is_refused(store: DuckDBStore, start_ns: int, end_ns: int) -> None:
    """The end lies after the start, and both after 1970."""
    with pytest.raises(QueryError, match="range is empty"):
        traces(store, start_ns=start_ns, end_ns=end_ns)
    with pytest.raises(QueryError, match="range is empty"):
        overview(store, start_ns=start_ns, end_ns=end_ns)


@pytest.mark.parametrize("filters", [Filters(status="broken"), Filters(text=""), Filters(text="x" * (MAX_TEXT + 1))])
def test_a_filter_that_means_nothing_is_refused(store: DuckDBStore, filters: Filters) -> None:
    """A status is error or ok; text to find has a length."""
    with pytest.raises(QueryError, match="use "):
        traces(store, start_ns=T0, end_ns=T0 + 1, filters=filters)
    with pytest.raises(QueryError, match="use "):
        overview(store, start_ns=T0, end_ns=T0 + 1, filters=filters)


@pytest.mark.parametrize("step_ns", [0, -SECOND, 1])
def test_a_step_that_makes_too_many_buckets_is_refused(store: DuckDBStore, step_ns: int) -> None:
    """A chart has at most 2,000 steps."""
    with pytest.raises(QueryError, match="more than 2000 steps"):
        overview(store, start_ns=T0, end_ns=T0 + SECOND, step_ns=step_ns)


@given(st.integers(0, 2**62), st.integers(1, 100 * 365 * 86_400 * SECOND))
def test_a_chosen_step_gives_a_readable_chart(start_ns: int, lasts_ns: int) -> None:
    """Any range has a step of whole seconds that cuts it into at most 61 buckets."""
    step = good_step(start_ns, start_ns + lasts_ns)

    assert step % SECOND == 0
    assert (start_ns + lasts_ns - 1) // step - start_ns // step < 61


def test_answers_are_json_with_exact_money(store: DuckDBStore) -> None:
    """An answer encodes to JSON and back without loss; money is text without trailing zeros."""
    whole = traces(store, start_ns=T0, end_ns=T0 + SECOND)
    opened = trace(store, trace_id(1))
    seen = overview(store, start_ns=T0, end_ns=T0 + SECOND)

    for answer, kind in ((whole, Traces), (opened, Trace), (seen, Overview)):
        assert msgspec.json.decode(msgspec.json.encode(answer), type=kind) == answer
    assert b'"amount":"0.1"' in msgspec.json.encode(whole)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=30), st.integers(1, 7))
def test_pages_of_a_trace_together_are_the_trace(parents: list[int], limit: int) -> None:
    """Whatever the tree, pages follow each other in its order, and each has the sums of the whole."""
    made = DuckDBStore(None)
    made.write([batch(*(span(1, n, at=n / 7, parent=parent) for n, parent in enumerate(parents, 1)))])
    whole = trace(made, trace_id(1))
    found: list[str] = []
    offset: int | None = 0
    while offset is not None:
        page = trace(made, trace_id(1), offset=offset, limit=limit)
        assert (page.total, page.where, page.duration) == (len(parents), whole.where, whole.duration)
        assert len(page.spans) <= limit
        found += [view.span_id for view in page.spans]
        offset = page.next_offset
    made.close()

    assert found == [view.span_id for view in whole.spans]
    assert len(found) == len(parents)


def test_a_page_of_long_texts_is_short(store: DuckDBStore) -> None:
    """Spans of 1.5 MiB of content, which is shown twice, come two at a time, and one larger than a page alone."""
    sizes = enumerate((3, 3, 3, 9), 1)
    long = [span(50, n, at=n, attributes={"text": "x" * 512 * 1024 * size}) for n, size in sizes]
    store.write([batch(*long)])

    opened = trace(store, trace_id(50))
    last = trace(store, trace_id(50), offset=3)

    assert (len(opened.spans), opened.next_offset, opened.total) == (2, 2, 4)
    assert (len(last.spans), last.next_offset) == (1, None)
    assert trace(store, trace_id(50), offset=9).spans == ()
