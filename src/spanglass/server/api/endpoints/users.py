"""`/api/v1/users`."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import CURSOR, FILTERS, FROM, ROWS, TO, Asked, choice
from spanglass.server.query.call_figures import ORDERS
from spanglass.server.query.users import Users, users
from spanglass.server.store.protocol import Store

SORT = choice("sort", "What the list begins with the most of.", tuple(ORDERS), "cost")


def _ask(store: Store, asked: Asked, _: str) -> Users:
    return users(
        store,
        start_ns=asked.start_ns,
        end_ns=asked.end_ns,
        filters=asked.filters,
        sort=asked.text(SORT) or "cost",
        page=asked.page,
    )


USERS = Endpoint(
    "/api/v1/users",
    "The users on whose behalf calls were made: calls, errors, tokens and cost of each.",
    (FROM, TO, SORT, *FILTERS, ROWS, CURSOR),
    Users,
    _ask,
)
