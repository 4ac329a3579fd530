"""The second contract of a store, for keeping house: what goes by age, by request and by copy; never on the write path.

Ownership: a keeping works on the files or the connection of its store, and lives no longer than that.
Threads: one thread at a time calls it. Ingest and questions go on meanwhile, but where a method says that they wait.
Durability: when a method returns, what it did survives a kill -9. One that is cut short leaves the store as it was, or
with a part done that calling it again completes; `tidy` ends what a crash has cut short.
Errors: as for `Store`: `StoreError` and its children, nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from spanglass.call import Cost

MOST_ID: Final = 1024
"""Longest user, session or trace id, characters."""
REWRITE_DUE: Final = "rewrite_due"
"""The mark that stands between the erasing of rows and the end of their bytes."""


class Kept(StrEnum):
    """What has an age of its own; each is a table, or two that go together."""

    SPANS = "spans"
    CONTENTS = "contents"
    LOGS = "logs"
    POINTS = "points"
    SCORES = "scores"
    MINUTES = "minutes"
    HOURS = "hours"


TABLES: Final[Mapping[Kept, tuple[tuple[str, str], ...]]] = {
    Kept.SPANS: (("spans", "start_ns"),),
    Kept.CONTENTS: (("contents", "start_ns"),),
    Kept.LOGS: (("logs", "time_ns"),),
    Kept.POINTS: (("points", "time_ns"),),
    Kept.SCORES: (("scores", "time_ns"),),
    Kept.MINUTES: (("call_minutes", "start_ns"), ("latency_minutes", "start_ns")),
    Kept.HOURS: (("call_hours", "start_ns"), ("latency_hours", "start_ns"), ("user_hours", "start_ns")),
}
"""The tables of each, with the column that tells a row's age."""


class By(StrEnum):
    """What names that which is erased."""

    USER = "user"
    SESSION = "session"
    TRACE = "trace"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom or what an erasure is of.

    Attributes:
        by: What the id names.
        id: The id, exactly.
    """

    by: By
    id: str


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure removed.

    Attributes:
        traces: Whole traces.
        rows: Rows by table; of points those that went or lost their exemplars.
    """

    traces: int
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Repriced:
    """The new cost of one stored call.

    Attributes:
        start_ns: Start of its span.
        trace_id: Its trace.
        span_id: Its span.
        cost: What it costs.
    """

    start_ns: int
    trace_id: str
    span_id: str
    cost: Cost


class Keeping(Protocol):
    """Keeps the house of one store; see the module's contract."""

    def forget(self, kept: Kept, before_ns: int) -> int:
        """Remove rows older than a time, in slices between which writers come in; return how many went.

        The mark `<kept>_gone` is raised first, so that no summary is made of what is partly gone. An engine may leave
        old rows for a while where removing them would rewrite much; its class says for how long.

        Args:
            kept: What to remove.
            before_ns: Rows whose time is before this, Unix ns; a whole hour for spans and minutes.
        """
        ...

    def tidy(self) -> None:
        """End what a crash has cut short: rewrite what was erased, remove what is left of copies. Writers may wait."""
        ...

    def erase(self, subject: Subject) -> Erased:
        """Remove all of every trace in which a user or session stands, and rewrite storage so that its bytes are gone.

        Spans, contents, log records and scores of those traces go; log records and points without a trace that name
        the user or session in their attributes; exemplars that lead to those traces; hours of the user. Minutes that
        summaries hold are made stale while the other spans of theirs are there. Writers wait while storage is
        rewritten, and get `StoreUnavailable` where that takes long; questions are answered.
        """
        ...

    def backup(self, path: Path) -> int:
        """Copy the store as it stands now into a new file that opens as a store; return its bytes. Writers go on.

        Raises:
            StoreUnavailable: It cannot be written; nothing is left of it.
            QueryError: This engine makes no file; the message says what does.
        """
        ...

    def reprice(self, costs: Sequence[Repriced]) -> int:
        """Write new costs of calls in one transaction, and make the minutes in which they start stale.

        Returns:
            How many calls of these are in the store.
        """
        ...
