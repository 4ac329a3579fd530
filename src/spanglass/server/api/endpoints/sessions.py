"""`/api/v1/sessions`, and one session."""

from __future__ import annotations

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.parameters import CURSOR, FILTERS, FROM, LIMIT, OFFSET, SINCE_EVER, TO, TURNS, Asked
from spanglass.server.query.session import Session, session
from spanglass.server.query.sessions import Sessions, sessions
from spanglass.server.store.protocol import Store

_DEFAULT_LIMIT = 50


def _ask_all(store: Store, asked: Asked, _: str) -> Sessions:
    return sessions(
        store,
        start_ns=asked.start_ns,
        end_ns=asked.end_ns,
        filters=asked.filters,
        cursor=asked.text(CURSOR),
        limit=asked.whole(LIMIT) or _DEFAULT_LIMIT,
    )


def _ask_one(store: Store, asked: Asked, session_id: str) -> Session:
    return session(
        store,
        session_id,
        start_ns=asked.start_ns,
        end_ns=asked.end_ns,
        offset=asked.whole(OFFSET) or 0,
        limit=asked.whole(TURNS) or _DEFAULT_LIMIT,
    )


SESSIONS = Endpoint(
    "/api/v1/sessions",
    "Sessions, the newest activity first, a page at a time; each with its turns, calls, tokens and cost.",
    (FROM, TO, *FILTERS, LIMIT, CURSOR),
    Sessions,
    _ask_all,
)
SESSION = Endpoint(
    "/api/v1/sessions/{session_id:path}",
    "One session: its turns in order, each with what was asked and answered, timings and cost.",
    (SINCE_EVER, TO, OFFSET, TURNS),
    Session,
    _ask_one,
    (400, 404, 503),
)
