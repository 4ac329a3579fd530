"""Sent beside stored: what processes say of themselves, held against the store."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from records import SECOND, T0, batch, point, resource, span
from spanglass.server.query.sources import Account, Drop, sources
from spanglass.server.record import MetricPoint, Resource
from spanglass.server.store.duckdb import DuckDBStore


def process(instance: str) -> Resource:
    made = resource()
    return Resource(made.service, made.environment, {**made.attributes, "service.instance.id": instance})


def report(sender: Resource, name: str, items: int, at: float, *, delta: bool = False, **labels: str) -> MetricPoint:
    return replace(
        point(at=at, value=items),
        name=f"spanglass.sdk.{name}",
        kind="sum",
        temporality="delta" if delta else "cumulative",
        attributes={f"spanglass.{label}": value for label, value in labels.items()},
        resource=sender,
    )


@pytest.fixture
def store() -> Iterator[DuckDBStore]:
    """Return an empty store."""
    made = DuckDBStore(None)
    yield made
    made.close()


def test_what_was_sent_stands_beside_what_is_stored(store: DuckDBStore) -> None:
    """Of counters that grow the latest counts; each process has its own account, the latest to report first."""
    one, two = process("one"), process("two")
    points = [
        report(one, "exported", 2, 10, signal="traces", destination="spanglass"),
        report(one, "exported", 5, 70, signal="traces", destination="spanglass"),
        report(one, "exported", 9, 70, signal="traces", destination="langfuse"),
        report(one, "dropped", 3, 70, signal="traces", reason="queue_full"),
        report(one, "dropped", 0, 70, signal="logs", reason="queue_full"),
        report(two, "exported", 1, 80, signal="traces", destination="collector:4318"),
        report(two, "exported", 1, 81, delta=True, signal="logs", destination="collector:4318"),
        report(two, "exported", 2, 82, delta=True, signal="logs", destination="collector:4318"),
    ]
    spans = [span(1, number, sender=one) for number in range(4)] + [span(2, number, sender=two) for number in range(2)]
    store.write([replace(batch(*spans), points=points)])

    second, first = sources(store, start_ns=T0, end_ns=T0 + 100 * SECOND).sources

    assert (first.instance, first.service, first.reported) == ("one", "shop", T0 / SECOND + 70)
    assert first.signals[0] == Account(
        signal="traces", sent=5, stored=4, missing=1, dropped=(Drop(reason="queue_full", items=3),)
    )
    assert first.signals[1] == Account(signal="logs", sent=0, stored=0, missing=0, dropped=())
    assert second.signals[0] == Account(signal="traces", sent=1, stored=2, missing=0, dropped=())
    assert (second.signals[1].sent, second.signals[1].missing) == (3, 3)


def test_nobody_reports_nothing(store: DuckDBStore) -> None:
    """Without reports in the range there are no sources."""
    store.write([batch(span())])

    assert sources(store, start_ns=0, end_ns=T0 + SECOND).sources == ()
