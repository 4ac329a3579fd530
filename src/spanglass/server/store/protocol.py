"""The contract every store engine keeps; tests/contract/ holds one suite for all of them.

Ownership: a store owns its files or connection from `open` until `close`; nobody else opens them meanwhile.
Threads: `write` is called by one thread at a time; `select` by many, also while a write runs, and each sees a
consistent snapshot of what was committed when it started.
Order: rows carry their own times; the order of writing means nothing.
Errors: an engine translates its own errors to `StoreError` and its children; nothing else escapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, TypeAlias

from spanglass.server.record import Batch, Signal, StoredSpan

Parameter: TypeAlias = "str | int | float | bool | Sequence[str] | None"
Cell: TypeAlias = "str | int | float | bool | Decimal | Sequence[Cell] | None"
Row: TypeAlias = "Mapping[str, Cell]"


@dataclass(frozen=True, slots=True)
class Written:
    """What one write did, by signal.

    Attributes:
        stored: Items committed.
        duplicates: Items recognised as written before and left out: those of batches sent again and, where the engine
            recognises them when it writes, spans that came again in another batch.
        kept: The spans committed: those counted as stored.
    """

    stored: Mapping[Signal, int]
    duplicates: Mapping[Signal, int]
    kept: Sequence[StoredSpan] = ()

    @classmethod
    def of(
        cls, batches: Iterable[Batch], *, spans: int, logs: int, points: int, kept: Sequence[StoredSpan] = ()
    ) -> Written:
        """Return what was done with batches of which so much was committed."""
        sent = dict.fromkeys(Signal, 0)
        for batch in batches:
            sent[Signal.TRACES] += len(batch.spans)
            sent[Signal.LOGS] += len(batch.logs)
            sent[Signal.METRICS] += len(batch.points)
        stored = {Signal.TRACES: spans, Signal.LOGS: logs, Signal.METRICS: points}
        return cls(stored, {signal: sent[signal] - stored[signal] for signal in Signal}, kept)


class Store(Protocol):
    """Keeps batches and answers SQL; see the module's contract."""

    def write(self, batches: Sequence[Batch]) -> Written:
        """Commit batches in one transaction; when this returns they survive a kill -9 and a power cut.

        A batch whose digest is among the last `WINDOW` written is a duplicate and adds nothing. A span that comes again
        in another batch, with the same ids and the same start, counts once in every select. Either all of the batches
        are committed or none is. Unknown values are stored as NULL and come back as None; a value that no engine holds
        (a lone surrogate, a number beyond 64 bits) is tamed rather than refused, so that it costs no other item.

        Raises:
            StoreUnavailable: Nothing of these batches was kept; the message says why and what to do.
        """
        ...

    def select(self, sql: str, parameters: Mapping[str, Parameter]) -> Sequence[Row]:
        """Run one SELECT in the common subset and vocabulary of docs/adr (named parameters, `$name`).

        Raises:
            QueryError: The statement cannot be run as it stands, or took too long.
            StoreUnavailable: The store is closed or unreachable.
        """
        ...

    def roll_up(self, until_ns: int) -> int:
        """Make the summaries of calls that start before a time, whole minutes and hours, and return the minutes made.

        Summaries of minutes to which calls came later are made again. One thread at a time; writes and selects go on,
        and see either the summaries and the mark of before or those of after.

        Args:
            until_ns: Unix ns; some minutes before now, since calls are sent when they end.

        Raises:
            StoreUnavailable: Nothing was made; it may be tried again.
        """
        ...

    def size(self) -> int:
        """Return the bytes held on disk, write-ahead log included."""
        ...

    def close(self) -> None:
        """Finish what is running, checkpoint and release files or connections; safe to call twice."""
        ...


WINDOW = 4096
"""How many of the latest batch digests a store remembers, also across restarts."""
