"""What can be asked of who keeps house: erasures, backups and new prices, each a job."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Final

from spanglass.cost.table import PriceTable
from spanglass.errors import NotFound, QueryError
from spanglass.server.keep.jobs import Backup, Erasure, Job, Jobs
from spanglass.server.keep.keeper import SETTLED_NS
from spanglass.server.keep.repricing import reprice
from spanglass.server.query.filters import Conditions, Filters
from spanglass.server.store.keeping import Keeping, Subject
from spanglass.server.store.naming import spellings
from spanglass.server.store.protocol import Store

_NAME: Final = re.compile(r"spanglass-\d{8}T\d{6}Z(-\d{1,3})?\.duckdb")
BACKUPS: Final = "backups"


class House:
    """Begins jobs on one store."""

    def __init__(
        self, store: Store, keeping: Keeping, jobs: Jobs, *, prices: PriceTable | None, directory: Path
    ) -> None:
        """Make it.

        Args:
            store: What jobs are about.
            keeping: Who does them.
            jobs: Where they run.
            prices: The price table; None for the built-in one.
            directory: The data directory; backups are written below it and nowhere else.
        """
        self.jobs = jobs
        self._store = store
        self._keeping = keeping
        self._prices = prices or PriceTable.builtin()
        self._backups = directory / BACKUPS

    def erase(self, subject: Subject) -> Job:
        """Begin to erase a user, a session or a trace.

        Raises:
            QueryError: The id is none.
            Overloaded: Another job runs.
        """
        spellings(subject)

        def work(_: object) -> Erasure:
            backups = [path.name for path in self._there()]
            erased = self._keeping.erase(subject)
            self._store.roll_up(time.time_ns() - SETTLED_NS)
            return Erasure(traces=erased.traces, rows=dict(erased.rows), backups=backups)

        return self.jobs.start("erase", work)

    def backup(self) -> Job:
        """Begin a backup.

        Raises:
            Overloaded: Another job runs.
        """

        def work(_: object) -> Backup:
            path = self._new()
            return Backup(bytes=self._keeping.backup(path), name=path.name)

        return self.jobs.start("backup", work)

    def reprice(self, asked: range, filters: Filters, *, apply: bool) -> Job:
        """Begin to price calls anew; written only with `apply`.

        Raises:
            QueryError: A filter cannot be asked for.
            Overloaded: Another job runs.
        """
        Conditions(filters)
        return self.jobs.start(
            "reprice",
            lambda tell: reprice(
                self._store, self._keeping, self._prices, asked=asked, filters=filters, apply=apply, tell=tell
            ),
        )

    def backup_at(self, name: str) -> Path:
        """Return the file of a backup that is there.

        Raises:
            NotFound: There is none of that name.
        """
        path = self._backups / name
        if not _NAME.fullmatch(name) or not path.is_file():
            raise NotFound(f"There is no backup {name!r:.80} in the data directory.")
        return path

    def _new(self) -> Path:
        stem = time.strftime("spanglass-%Y%m%dT%H%M%SZ", time.gmtime())
        for number in range(1, 1000):
            path = self._backups / (f"{stem}.duckdb" if number == 1 else f"{stem}-{number}.duckdb")
            if not path.exists():
                return path
        raise QueryError("There are a thousand backups of this second; move some away.")

    def _there(self) -> list[Path]:
        return sorted(self._backups.glob("*.duckdb")) if self._backups.is_dir() else []
