"""What has come in, the same on every engine."""

from __future__ import annotations

from msgspec.structs import replace

from records import SECOND, T0, batch, span, span_id
from spanglass.server.query.filters import Filters
from spanglass.server.query.tail import Arrived, Key, arrived
from spanglass.server.record import Status
from spanglass.server.store.protocol import Store


def come(store: Store) -> None:
    """Store two batches, of which the one that was received later starts earlier."""
    first = batch(span(1, 1, at=9, name="a"), span(1, 2, at=8, name="b", status=Status.ERROR))
    second = batch(span(2, 3, at=1, name="c", attributes={"gen_ai.output.messages": "A refund"}), tag="later")
    store.write([replace(first, received_ns=T0 + 20 * SECOND), replace(second, received_ns=T0 + 30 * SECOND)])


def names(found: Arrived) -> list[str]:
    """Return the names of the spans."""
    return [row.name for _, row in found.spans]


def test_spans_come_in_the_order_in_which_they_were_received(store: Store) -> None:
    """After a moment, the oldest first; those of one batch by their start."""
    come(store)

    everything = arrived(store, since_ns=T0, filters=Filters(), limit=10)
    assert (names(everything), everything.more) == (["b", "a", "c"], 0)
    assert everything.spans[0][0] == Key(T0 + 20 * SECOND, T0 + 8 * SECOND, span_id(2))
    assert names(arrived(store, since_ns=T0 + 20 * SECOND, filters=Filters(), limit=10)) == ["c"]
    assert names(arrived(store, since_ns=T0 + 30 * SECOND, filters=Filters(), limit=10)) == []


def test_the_newest_are_told_and_the_others_counted(store: Store) -> None:
    """Of more than are asked for the newest come, with how many are older."""
    come(store)
    found = arrived(store, since_ns=T0, filters=Filters(), limit=2)

    assert (names(found), found.more) == (["a", "c"], 1)


def test_filters_hold_of_the_span(store: Store) -> None:
    """Filters, fields, text and what was said narrow, as in a search."""
    come(store)

    for asked, expected in (
        (Filters(status="error"), ["b"]),
        (Filters(q="-name:a"), ["b", "c"]),
        (Filters(q="said:refund"), ["c"]),
        (Filters(text="REFUND"), ["c"]),
    ):
        assert names(arrived(store, since_ns=T0, filters=asked, limit=10)) == expected
