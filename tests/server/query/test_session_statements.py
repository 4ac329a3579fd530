"""The SQL that chooses sessions, as text: a change of it is seen in review."""

from __future__ import annotations

from inline_snapshot import snapshot

from spanglass.server.query.filters import Filters
from spanglass.server.query.sessions import page_statement


def test_a_page_of_sessions() -> None:
    """The plain list reads two columns of a slice of the range."""
    sql, parameters = page_statement(Filters())

    assert sql == snapshot("""\
SELECT session_id, max(start_ns) AS last_ns
FROM spans
WHERE session_id IS NOT NULL AND start_ns >= $slice_ns AND start_ns < $end_ns
GROUP BY session_id
HAVING max(start_ns) <= $after_ns
ORDER BY last_ns DESC, session_id
LIMIT $limit OFFSET $skip\
""")
    assert parameters == {}


def test_a_page_of_sessions_with_filters() -> None:
    """A filter chooses traces, and what did not fail is all sessions but those that failed."""
    sql, parameters = page_statement(Filters(service="shop", status="ok"))

    assert sql.splitlines()[3:] == snapshot(
        [
            "  AND trace_key IN (",
            "SELECT trace_key",
            "FROM spans",
            "WHERE start_ns >= $start_ns AND start_ns < $end_ns AND service = $service",
            ")",
            "  AND session_id NOT IN (",
            "SELECT session_id",
            "FROM spans",
            "WHERE session_id IS NOT NULL AND start_ns >= $range_ns AND start_ns < $end_ns",
            "  AND trace_key IN (",
            "    SELECT trace_key FROM spans WHERE status = 'error' AND start_ns >= $range_ns AND start_ns < $end_ns",
            "  )",
            ")",
            "GROUP BY session_id",
            "HAVING max(start_ns) <= $after_ns",
            "ORDER BY last_ns DESC, session_id",
            "LIMIT $limit OFFSET $skip",
        ]
    )
    assert parameters == {"service": "shop"}
