"""Work that takes longer than a request: one piece at a time, with its progress, known for a while after its end."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec
from msgspec.structs import replace

from spanglass.errors import NotFound, Overloaded, SpanglassError
from spanglass.server.query.figures import Money

_REMEMBERED: Final = 50
_log = logging.getLogger("spanglass.server")


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """What an erasure removed.

    Attributes:
        traces: Whole traces.
        rows: Rows by table; of points those that went or lost their exemplars.
        backups: Backups in the data directory that were made before and still hold it.
    """

    traces: int
    rows: dict[str, int]
    backups: list[str]


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """A copy of the store.

    Attributes:
        name: Its name in the data directory's `backups`, and at `/api/v1/backups/{name}`.
        bytes: Its size.
    """

    name: str
    bytes: int


class Repricing(msgspec.Struct, frozen=True, kw_only=True):
    """What today's price table says of stored calls.

    Attributes:
        applied: True where the new costs were written; False where they were only computed.
        calls: Calls looked at, but for those whose provider said what they cost.
        changed: Calls with another cost than the one stored.
        kept: Calls whose provider said what they cost: they stay.
        table: Version of the price table.
        before: Cost of the calls looked at, as stored.
        after: The same by the present table.
    """

    applied: bool
    calls: int
    changed: int
    kept: int
    table: str
    before: Money
    after: Money


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of work that was asked for.

    Attributes:
        id: Its id, for `/api/v1/jobs/{id}`.
        kind: erase, backup or reprice.
        state: running, done or failed.
        started_at: Unix seconds.
        ended_at: Unix seconds; None while it runs.
        progress: Part that is done, 0 to 1; None where that is not known.
        message: Why it failed, and what to do; None where it did not.
        erasure: What an erasure removed, when it is done.
        backup: The copy that was made, when it is done.
        repricing: What was found, when it is done.
    """

    id: str
    kind: str
    state: str
    started_at: float
    ended_at: float | None = None
    progress: float | None = None
    message: str | None = None
    erasure: Erasure | None = None
    backup: Backup | None = None
    repricing: Repricing | None = None


Result = Erasure | Backup | Repricing
Tell = Callable[[float], None]
"""Told the part that is done, 0 to 1, as work goes on."""


class Jobs:
    """Runs jobs in one thread; safe to ask from several."""

    def __init__(self, alone: threading.Lock) -> None:
        """Make the place where jobs run.

        Args:
            alone: Held while one runs, so that nothing else that keeps house runs beside it.
        """
        self._alone = alone
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Job] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, "spanglass-job")

    def start(self, kind: str, work: Callable[[Tell], Result]) -> Job:
        """Begin a job.

        Args:
            kind: erase, backup or reprice.
            work: What to do; it may raise any `SpanglassError`.

        Raises:
            Overloaded: Another one runs.
        """
        with self._lock:
            running = next((job for job in self._known.values() if job.state == "running"), None)
            if running is not None:
                raise Overloaded(
                    f"A job runs already ({running.kind}); ask again when it is done: /api/v1/jobs/{running.id}.",
                    retry_after_s=10,
                )
            job = Job(id=secrets.token_hex(8), kind=kind, state="running", started_at=time.time())
            self._known[job.id] = job
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        self._thread.submit(self._run, job.id, work)
        return job

    def get(self, job_id: str) -> Job:
        """Return a job as it stands.

        Raises:
            NotFound: There is none, or it ended long ago or before the server was started.
        """
        with self._lock:
            job = self._known.get(job_id)
        if job is None:
            raise NotFound("There is no such job; jobs are forgotten when the server stops, and after fifty others.")
        return job

    def close(self) -> None:
        """Take no more; what runs is ended by the closing of the store."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _run(self, job_id: str, work: Callable[[Tell], Result]) -> None:
        try:
            with self._alone:
                result = work(lambda part: self._change(job_id, progress=part))
        except SpanglassError as error:
            self._change(job_id, state="failed", ended_at=time.time(), message=str(error))
        except Exception:  # noqa: BLE001 - the guard of jobs: who asked is told, and the next one runs
            _log.exception("A job failed in a way it should not: please report this")
            why = "The server failed on this job; its log says why."
            self._change(job_id, state="failed", ended_at=time.time(), message=why)
        else:
            name = type(result).__name__.lower()
            self._change(job_id, state="done", ended_at=time.time(), progress=1.0, **{name: result})

    def _change(self, job_id: str, **changes: object) -> None:
        with self._lock:
            if job_id in self._known:
                self._known[job_id] = replace(self._known[job_id], **changes)
