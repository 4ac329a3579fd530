"""ClickHouse's errors in our words: what its codes mean, and whose matter each is."""

from __future__ import annotations

from typing import Final

from clickhouse_connect.driver.exceptions import ClickHouseError

from spanglass.errors import QueryError, StoreUnavailable

OLDEST: Final = (24, 8)
"""The first version of ClickHouse that is known to do what is asked of it."""
DENIED: Final = 497
TABLE_EXISTS: Final = 57
_TOO_LONG: Final = 159
_TOO_MUCH_MEMORY: Final = 241
_CAUSES: Final = {
    192: "does not know the user: correct it in SPANGLASS_STORE.",
    193: "refuses the password: correct SPANGLASS_STORE_PASSWORD.",
    194: "wants a password: set SPANGLASS_STORE_PASSWORD.",
    516: "refuses the user or the password: correct SPANGLASS_STORE and SPANGLASS_STORE_PASSWORD.",
    DENIED: "does not let this user do that: give it the rights that docs/scale.md lists.",
    81: "has no such database: correct its name in SPANGLASS_STORE, or give the user the right to create it.",
    170: "knows no cluster of that name: see `SELECT DISTINCT cluster FROM system.clusters`.",
    701: "knows no cluster of that name: see `SELECT DISTINCT cluster FROM system.clusters`.",
    242: "takes no rows now, its tables are read-only: see that ClickHouse Keeper answers it.",
    999: "has no ClickHouse Keeper, which a cluster needs: see that it runs and can be reached.",
    243: "has no room on its disk: free some; writing goes on when there is.",
    252: "merges too slowly for what it is sent: see its disks and its log; senders try again.",
    285: "has too few live replicas for a safe write: start those that are down; senders try again.",
    202: "runs as many queries as it may: ask again in a moment, or raise max_concurrent_queries.",
}
"""Codes that are about the server and not about what was asked, and what they mean."""
_ELSEWHERE: Final = frozenset({209, 210, 279, 319, 439, 745})
"""Codes of a network, a replica or a thread pool that did not answer in time."""


def unavailable(error: ClickHouseError) -> StoreUnavailable:
    """Return what a failed write, a failed start or a lost connection means, with the cure."""
    meaning = _CAUSES.get(
        getattr(error, "code", None) or 0,
        f"cannot be used: see that it runs, is version {'.'.join(map(str, OLDEST))} or later, and that address and "
        "port in SPANGLASS_STORE are its HTTP interface.",
    )
    return StoreUnavailable(f"ClickHouse {meaning} ({first_line(error)})")


def refused(error: ClickHouseError, time_limit_s: float) -> QueryError | StoreUnavailable:
    """Return what a failed select means: the asker's to change, or the server's state.

    Args:
        error: What the client raised.
        time_limit_s: How long a select may run, seconds.
    """
    code = getattr(error, "code", None)
    if code == _TOO_LONG:
        return QueryError(
            f"A query took longer than {time_limit_s:g} s and was stopped; choose a shorter time range or more filters."
        )
    if code == _TOO_MUCH_MEMORY:
        return QueryError("A query needs more memory than ClickHouse allows it; choose a shorter time range.")
    if code is None or code in _CAUSES or code in _ELSEWHERE:
        return unavailable(error)
    return QueryError(f"A query cannot be run: {first_line(error)}.")


def first_line(error: Exception) -> str:
    """Return what an error says, in a line; of a lost connection its cause, not the request, which may hold values."""
    lost: object = error.__cause__
    if getattr(error, "code", None) is None and lost is not None:
        return str(getattr(lost, "reason", None) or lost).partition("\n")[0].rpartition(": ")[2].rstrip(".")
    said = str(error).partition("\n")[0]
    return (said.partition("DB::Exception: ")[2] or said).rstrip(".")
