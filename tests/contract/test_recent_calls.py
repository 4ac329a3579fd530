"""What a server that starts anew knows of the calls before: enough to tell another account of one."""

from msgspec.structs import replace

from records import SECOND, T0, batch, call, span, span_id, trace_id
from spanglass.call import Usage
from spanglass.server.normalise.recent import Known
from spanglass.server.query.recent_calls import recent_calls
from spanglass.server.record import Call, Status, StoredSpan
from spanglass.server.store.protocol import Store


def answered(one: StoredSpan, response_id: str) -> StoredSpan:
    """Return a call with a response id."""
    assert one.facts.call is not None
    return StoredSpan(one.span, replace(one.facts, call=replace(one.facts.call, response_id=response_id)), one.cost)


def test_the_newest_calls_come_back(store: Store) -> None:
    """Calls alone, since a time and at most so many, the oldest first, with what accounts are compared by."""
    store.write([
        batch(
            span(1, 1, at=9),
            call(1, 2, 1, at=1),
            answered(call(1, 3, 1, at=5, usage=Usage(100, 20, 40)), "r-1"),
            call(2, 4, at=6, lasts=2, usage=Usage(7, None, estimated=True)),
            call(2, 5, at=7, status=Status.ERROR),
        )
    ])  # fmt: skip

    assert recent_calls(store, since_ns=T0 + 2 * SECOND) == [
        Known(
            *(trace_id(1), span_id(3), span_id(1), T0 + 5 * SECOND, T0 + 6 * SECOND),
            Call("chat", None, "gpt", "gpt", "r-1", Usage(100, 20)),
            2,
        ),
        Known(
            *(trace_id(2), span_id(4), None, T0 + 6 * SECOND, T0 + 8 * SECOND),
            Call("chat", None, "gpt", "gpt", None, Usage(7, None, estimated=True)),
            1,
        ),
        Known(
            *(trace_id(2), span_id(5), None, T0 + 7 * SECOND, T0 + 8 * SECOND),
            Call("chat", None, "gpt", None, None, None),
            0,
        ),
    ]
    assert [one.span_id for one in recent_calls(store, since_ns=T0, limit=2)] == [span_id(4), span_id(5)]
