"""A bounded queue whose items leave in batches; what does not fit or cannot be sent is counted, never silently lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from spanglass.sdk import dropped
from spanglass.sdk.dropped import Signal
from spanglass.sdk.worker import Worker

T = TypeVar("T")
_MOST_WAITING = 64 * 1024 * 1024
_MOST_SENT = 3 * 1024 * 1024  # receivers over gRPC take 4 MB, a Collector over HTTP 20
_HEAVIEST = 1024 * 1024
_SAMPLED = 8


@dataclass(frozen=True, slots=True)
class Limits:
    """How a queue is bounded and emptied.

    Attributes:
        items: The most it holds.
        batch: The most that is sent at once; this many waiting wake the sender.
        interval_s: Seconds between sends when fewer wait.
    """

    items: int
    batch: int
    interval_s: float


class BatchQueue(Generic[T]):
    """Holds items of one signal until a thread of its own has sent them.

    `put` takes no lock (0.2 us, 0.7 where items are weighed): the deque's append is atomic, so many threads together
    can exceed the limit by at most one item each.

    Args:
        signal: For the counts of what is dropped.
        limits: How it is bounded and emptied.
        send: Sends a batch, True when it was accepted; called from one thread at a time.
        name: Of the thread.
        weigh: Returns the bytes an item takes, roughly; of one item in eight in `put`. What waits is then held to some
            64 MiB and a batch to 3 MiB, or to one item.

    Attributes:
        limit: The most it holds.
    """

    def __init__(
        self,
        signal: Signal,
        limits: Limits,
        send: Callable[[list[T]], bool],
        *,
        name: str | None = None,
        weigh: Callable[[T], int] | None = None,
    ) -> None:
        self._signal = signal
        self.limit = limits.items
        self._batch = min(limits.batch, limits.items)
        self._send = send
        self._weigh = weigh
        self._mean = 0.0  # bytes of the items that came last
        self._items: deque[T] = deque()
        self._closed = False
        self.worker = Worker(name or f"spanglass-{signal}", limits.interval_s, self._drain)

    def put(self, item: T) -> None:
        """Take an item, or count it as dropped."""
        waiting = len(self._items)
        if self._closed:
            dropped.add(self._signal, dropped.SHUT_DOWN, 1)
            return
        if waiting >= self.limit or waiting * self._mean > _MOST_WAITING:
            dropped.add(self._signal, dropped.QUEUE_FULL, 1)
            return
        self._items.append(item)
        if self._weigh is not None and not waiting % _SAMPLED:
            self._mean += (min(self._weigh(item), _HEAVIEST) - self._mean) / _SAMPLED
        if not waiting:
            self.worker.start()
        if waiting + 1 >= self._batch or waiting * self._mean > _MOST_SENT:
            self.worker.wake()

    def __len__(self) -> int:
        return len(self._items)

    def close(self, deadline_s: float) -> bool:
        """Send what waits and take nothing more; True when all was sent or counted in time."""
        self._closed = True
        finished = self.worker.stop(deadline_s)
        if self._items:
            dropped.add(self._signal, dropped.SHUT_DOWN, len(self._items))
        return finished

    def renew_after_fork(self) -> None:
        """Forget what the parent holds: it will send that itself; called in the child."""
        self._items = deque()
        self.worker.renew_after_fork()

    def _drain(self) -> None:
        # What arrives during the drain waits for the next one, so that a flush comes to an end.
        remaining = len(self._items)
        while remaining > 0:
            batch = self._next(min(remaining, self._batch))
            remaining -= len(batch)
            if not self._send(batch):
                dropped.add(self._signal, dropped.EXPORT_FAILED, len(batch))

    def _next(self, most: int) -> list[T]:
        items, weigh = self._items, self._weigh
        if weigh is None or most * self._mean * _SAMPLED < _MOST_SENT:
            return [items.popleft() for _ in range(most)]
        batch = [items.popleft()]
        room = _MOST_SENT - weigh(batch[0])
        while len(batch) < most and (room := room - weigh(items[0])) >= 0:
            batch.append(items.popleft())
        return batch
