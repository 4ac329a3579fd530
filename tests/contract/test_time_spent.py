"""Where the time went over many traces, the same on every engine."""

from __future__ import annotations

import pytest

from records import SECOND, T0, batch, call, resource, span, trace_id
from spanglass.errors import QueryError
from spanglass.server.query.figures import Percentiles
from spanglass.server.query.filters import Filters
from spanglass.server.query.time_spent import TimeSpent, time_spent
from spanglass.server.record import Facts, StoredSpan, Work
from spanglass.server.store.protocol import Store

END = T0 + 1000 * SECOND


def asked(store: Store, *spans: StoredSpan, **narrowed: str) -> TimeSpent:
    """Return the answer over some spans."""
    if spans:
        store.write([batch(*spans)])
    return time_spent(store, start_ns=T0, end_ns=END, filters=Filters(**narrowed))


def chats() -> list[StoredSpan]:
    """Return a chat that waits for a person and a queue, one that is all model, and a trace without a model."""
    return [
        span(1, 1, at=0, lasts=10, name="POST /chat", facts=Facts(feature="help")),
        span(1, 2, 1, at=0, lasts=2, name="wait", facts=Facts(Work.WAITING)),
        span(1, 3, 1, at=2, lasts=1, name="topic", facts=Facts(Work.QUEUE)),
        call(1, 4, 1, at=3, lasts=5),
        span(1, 5, 1, at=8, lasts=1, name="SELECT", facts=Facts(Work.DATABASE)),
        call(2, 1, at=20, lasts=4, sender=resource("bot")),
        span(3, 1, at=30, lasts=100, name="GET /health"),
    ]


def test_shares_are_of_all_the_time(store: Store) -> None:
    """Each instant goes to the deepest span; the kinds of work together are the traces' time."""
    totals = asked(store, *chats()).totals

    assert [(part.work, part.seconds) for part in totals.where] == [
        ("llm", 9),
        ("waiting", 2),
        ("db", 1),
        ("other", 1),
        ("queue", 1),
    ]
    assert sum(part.share for part in totals.where) == pytest.approx(1)
    assert totals.traces == 2


def test_what_was_not_the_model_leaves_waiting_out(store: Store) -> None:
    """Waiting for a person and in a queue is no work of the application; of the rest, so much was not the model."""
    totals = asked(store, *chats()).totals

    assert totals.duration == Percentiles(p50=7, p95=9.7, p99=9.94)
    assert totals.busy.p50 == 5.5
    assert totals.not_llm.p99 == pytest.approx(2 / 7, abs=0.01)
    assert totals.not_llm.p50 == pytest.approx(1 / 7, abs=0.001)


def test_features_and_services_are_told_apart(store: Store) -> None:
    """Traces go by their first feature and their root's service, most time first."""
    answer = asked(store, *chats())

    assert [(group.name, group.figures.traces) for group in answer.features] == [("help", 1), (None, 1)]
    assert [(group.name, group.figures.where[0].seconds) for group in answer.services] == [("shop", 5), ("bot", 4)]


def test_the_slowest_lead_to_their_traces(store: Store) -> None:
    """The longest traces come first, with their root's name and where their own time went."""
    slowest = asked(store, *chats()).slowest

    assert [(one.trace_id, one.name, one.duration) for one in slowest] == [
        (trace_id(1), "POST /chat", 10),
        (trace_id(2), "chat gpt", 4),
    ]
    assert slowest[1].where[0].work == "llm"


@pytest.mark.parametrize(("narrowed", "read"), [({"service": "bot"}, 1), ({"feature": "help"}, 1), ({"model": "x"}, 0)])
def test_traces_are_narrowed(store: Store, narrowed: dict[str, str], read: int) -> None:
    """A filter holds of some span of the trace, which is then read whole."""
    answer = asked(store, *chats(), **narrowed)

    assert (answer.traces_read, answer.traces_seen, answer.totals.traces) == (read, read, read)


def test_nothing_took_no_time(store: Store) -> None:
    """Without traces the percentiles are unknown, and an empty range is refused."""
    answer = asked(store)

    assert (answer.traces_seen, answer.totals.duration, answer.totals.where) == (0, Percentiles(), ())
    with pytest.raises(QueryError, match="range is empty"):
        time_spent(store, start_ns=2, end_ns=2)


def test_spans_of_no_length_have_no_share(store: Store) -> None:
    """A trace without any time is counted, and divides nothing."""
    answer = asked(store, call(1, 1, lasts=0))

    assert (answer.totals.traces, answer.totals.not_llm, answer.totals.where) == (1, Percentiles(), ())
