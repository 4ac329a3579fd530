import threading
import time
from collections.abc import Iterator

import pytest

from spanglass.sdk import dropped
from spanglass.sdk.batch import BatchQueue, Limits


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    dropped.renew_after_fork()
    yield
    dropped.renew_after_fork()


class Sink:
    """Keeps the batches it is given; may be held up, and may refuse."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = threading.Event()
        self.open.set()
        self.accept = True

    def send(self, batch: list[int]) -> bool:
        """Take a batch."""
        self.open.wait()
        self.batches.append(batch)
        return self.accept

    @property
    def items(self) -> list[int]:
        """All of them, in order."""
        return [item for batch in self.batches for item in batch]


def soon() -> float:
    """A deadline that is far enough."""
    return time.monotonic() + 10


def test_items_leave_in_order_and_in_batches() -> None:
    """Nothing is lost, reordered or sent in a batch larger than the limit."""
    sink = Sink()
    queue = BatchQueue("traces", Limits(items=1000, batch=10, interval_s=60), sink.send)
    for item in range(95):
        queue.put(item)
    assert queue.worker.flush(soon())
    assert sink.items == list(range(95))
    assert max(map(len, sink.batches)) <= 10
    queue.close(soon())


def test_a_full_batch_leaves_without_waiting() -> None:
    """A batch's worth wakes the sender long before the interval is over."""
    sink = Sink()
    queue = BatchQueue("traces", Limits(items=100, batch=5, interval_s=60), sink.send)
    for item in range(5):
        queue.put(item)
    end = soon()
    while len(sink.items) < 5 and time.monotonic() < end:
        time.sleep(0.01)
    assert sink.items == [0, 1, 2, 3, 4]
    queue.close(soon())


def test_few_items_leave_after_the_interval() -> None:
    """One item waits no longer than the interval."""
    sink = Sink()
    queue = BatchQueue("traces", Limits(items=100, batch=50, interval_s=0.05), sink.send)
    queue.put(1)
    end = soon()
    while not sink.items and time.monotonic() < end:
        time.sleep(0.01)
    assert sink.items == [1]
    queue.close(soon())


def test_what_does_not_fit_is_counted() -> None:
    """With the sender held up, what comes over the limit is dropped and counted, and what was there is kept."""
    sink = Sink()
    sink.open.clear()
    queue = BatchQueue("logs", Limits(items=10, batch=2, interval_s=60), sink.send)
    for item in range(50):
        queue.put(item)
    sink.open.set()
    assert queue.close(soon())
    lost = dropped.totals()["logs", dropped.QUEUE_FULL]
    assert len(sink.items) + lost == 50
    assert lost >= 50 - 10 - 10


def test_a_refused_batch_is_counted() -> None:
    """What the exporter could not deliver is dropped by its own name."""
    sink = Sink()
    sink.accept = False
    queue = BatchQueue("traces", Limits(items=10, batch=2, interval_s=60), sink.send)
    for item in range(4):
        queue.put(item)
    queue.close(soon())
    queue.put(5)
    assert dict(dropped.totals()) == {("traces", "export_failed"): 4, ("traces", "shut_down"): 1}


def test_a_flush_is_over_in_time_even_when_the_sender_hangs() -> None:
    """The deadline holds; False says that not everything left."""
    sink = Sink()
    sink.open.clear()
    queue = BatchQueue("traces", Limits(items=10, batch=2, interval_s=60), sink.send)
    queue.put(1)
    started = time.monotonic()
    assert not queue.worker.flush(started + 0.2)
    assert time.monotonic() - started < 2
    sink.open.set()
    queue.close(soon())


def test_many_threads_lose_nothing() -> None:
    """Items of many threads are each sent once or counted."""
    sink = Sink()
    queue = BatchQueue("traces", Limits(items=200, batch=20, interval_s=0.01), sink.send)

    def fill(start: int) -> None:
        for item in range(start, start + 2000):
            queue.put(item)

    threads = [threading.Thread(target=fill, args=(number * 2000,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert queue.close(soon())
    assert len(set(sink.items)) == len(sink.items)
    assert len(sink.items) + sum(dropped.totals().values()) == 8000


def test_heavy_items_leave_in_small_batches() -> None:
    """What receivers take at once is bounded in bytes: many long prompts are sent in several batches, all of them."""
    sink = Sink()
    queue = BatchQueue("traces", Limits(items=1000, batch=100, interval_s=60), sink.send, weigh=lambda item: item)
    given = [400_000, 10, 2_000_000, 900_000, 5_000_000, 20] * 10
    for item in given:
        queue.put(item)
    assert queue.close(soon())
    assert sink.items == given
    assert all(sum(batch) <= 3 * 1024 * 1024 for batch in sink.batches if len(batch) > 1)
    assert len(sink.batches) < 60
    assert dropped.totals() == {}


def test_what_waits_is_bounded_in_bytes() -> None:
    """While nothing leaves, long prompts do not fill the memory; what there is no room for is counted."""
    sink = Sink()
    sink.open.clear()
    queue = BatchQueue("traces", Limits(items=10_000, batch=100, interval_s=60), sink.send, weigh=lambda item: item)
    for _ in range(2_000):
        queue.put(500_000)
    assert len(queue) * 500_000 < 100 * 1024 * 1024
    sink.open.set()
    assert queue.close(soon())
    assert len(sink.items) + dropped.totals()["traces", "queue_full"] == 2_000


def test_light_items_are_many() -> None:
    """One heavy item among many light ones takes no place of theirs."""
    sink = Sink()
    sink.open.clear()
    queue = BatchQueue("logs", Limits(items=5_000, batch=5_000, interval_s=60), sink.send, weigh=lambda item: item)
    for item in (100_000_000, *[100] * 4_999):
        queue.put(item)
    sink.open.set()
    assert queue.close(soon())
    assert len(sink.items) == 5_000
