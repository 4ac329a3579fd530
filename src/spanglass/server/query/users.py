"""Who uses it: users with their calls, tokens, cost and errors."""

from __future__ import annotations

from typing import Final

import msgspec

from spanglass.server.query.call_figures import Figures, figures, most_first, sums
from spanglass.server.query.calls import Calls
from spanglass.server.query.figures import count
from spanglass.server.query.filters import ANY, Filters
from spanglass.server.query.ranking import rank_page
from spanglass.server.query.statement import statement
from spanglass.server.store.protocol import Store

_SECOND: Final = 1_000_000_000


class User(msgspec.Struct, frozen=True, kw_only=True):
    """One user.

    Attributes:
        user_id: The user.
        figures: Of the user's calls; without percentiles.
        first_seen: Start of the first call of the range, Unix seconds; to the hour where calls are summarised.
        last_seen: Start of the last, likewise.
    """

    user_id: str
    figures: Figures
    first_seen: float
    last_seen: float


class Users(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    Attributes:
        start: Unix seconds, inclusive.
        end: Unix seconds, exclusive.
        total: How many users called.
        users: A page of them.
        next_cursor: Of the next page; None on the last.
    """

    start: float
    end: float
    total: int
    users: tuple[User, ...]
    next_cursor: str | None


def users(
    store: Store,
    *,
    start_ns: int,
    end_ns: int,
    filters: Filters = ANY,
    sort: str = "cost",
    page: tuple[str | None, int] = (None, 25),
) -> Users:
    """Return the users whose calls start in a range; calls without a user are in no row.

    Args:
        store: Where to look.
        start_ns: Unix nanoseconds, inclusive.
        end_ns: Unix nanoseconds, exclusive.
        filters: Each holds of the call's own span.
        sort: A name of `ORDERS`; most first.
        page: `next_cursor` of the page before, and users a page, 1 to 100.

    Raises:
        QueryError: The range is empty, a filter, the order or the cursor is wrong, or the question took too long.
        StoreUnavailable: The store is closed or unreachable.
    """
    place = rank_page(start_ns, end_ns, *page)
    calls = Calls(store, start_ns=place.start_ns, end_ns=place.end_ns, dimensions=("user_id",), filters=filters)
    rows = sums(
        store,
        calls,
        {"its_user": "user_id"},
        order=f"HAVING its_user IS NOT NULL\n{most_first(sort, 'Users', 'its_user')}",
        more={"limit": page[1] + 1, "skip": place.skip},
    )
    table, parameters = calls.sums()
    return Users(
        start=place.start_ns / _SECOND,
        end=place.end_ns / _SECOND,
        total=count(store.select(statement("users_total", calls=table), parameters)[0]["users"]),
        users=tuple(
            User(
                user_id=str(row["its_user"]),
                figures=figures(row),
                first_seen=count(row["first_ns"]) / _SECOND,
                last_seen=count(row["last_ns"]) / _SECOND,
            )
            for row in rows[: page[1]]
        ),
        next_cursor=place.after(page[1], len(rows)),
    )
