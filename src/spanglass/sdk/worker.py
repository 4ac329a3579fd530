"""A background thread that does one job on a schedule, when woken and when flushed; it knows nothing of telemetry."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

from spanglass.sdk.guard import safely


class Worker:
    """Runs `job` in a daemon thread that starts with the first need of it.

    `wake` takes no lock that its own thread could already hold, so a finaliser that the garbage collector runs in the
    middle of it may call it again.

    Args:
        name: Name of the thread.
        interval_s: Seconds between runs when nothing wakes it.
        job: What to do; faults are guarded and counted under the thread's name.
    """

    def __init__(self, name: str, interval_s: float, job: Callable[[], None]) -> None:
        self._name = name
        self._interval_s = interval_s
        self._job = safely(name)(job)
        self._renew()

    def _renew(self) -> None:
        self._inbox: SimpleQueue[threading.Event | None] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._woken = False
        self._stopping = False

    def start(self) -> None:
        """Start the thread unless it runs or was stopped; near the end of the interpreter none can be started."""
        if self._thread is not None or self._stopping or not self._starting.acquire(blocking=False):
            return
        try:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                thread.start()
                self._thread = thread
        except RuntimeError:  # the interpreter is ending: `flush` will do the job itself
            pass
        finally:
            self._starting.release()

    def wake(self) -> None:
        """Run the job soon; calls before that run are one."""
        if not self._woken:
            self._woken = True
            self._inbox.put(None)

    def flush(self, deadline_s: float) -> bool:
        """Run the job and wait until it is done, at the latest until `deadline_s` on the monotonic clock."""
        return self.finish(self.ask(), deadline_s)

    def ask(self) -> threading.Event:
        """Ask for a run; the returned event says when it is done."""
        done = threading.Event()
        if self._thread is None or not self._thread.is_alive():
            self._job()
            done.set()
        else:
            self._inbox.put(done)
        return done

    def finish(self, done: threading.Event, deadline_s: float) -> bool:
        """Wait for what was asked for; True when it was done in time."""
        return done.wait(max(0.0, deadline_s - time.monotonic()))

    def stop(self, deadline_s: float) -> bool:
        """Run the job a last time and end the thread; True when both were done in time."""
        self._stopping = True
        finished = self.flush(deadline_s)
        if self._thread is not None:
            self._thread.join(max(0.0, deadline_s - time.monotonic()))
        return finished

    def renew_after_fork(self) -> None:
        """Forget the parent's thread, which does not exist here; called in the child."""
        self._renew()

    def _run(self) -> None:
        while True:
            asked = self._wait()
            self._woken = False
            stopping = self._stopping
            self._job()
            for done in asked:
                done.set()
            if stopping:
                return

    def _wait(self) -> list[threading.Event]:
        asked: list[threading.Event] = []
        try:
            message = self._inbox.get(timeout=self._interval_s)
            while True:
                if message is not None:
                    asked.append(message)
                message = self._inbox.get_nowait()
        except Empty:
            return asked
