"""The SQL that questions compose, as text: a change of it is seen in review."""

from __future__ import annotations

import re

from inline_snapshot import snapshot

from spanglass.server.query.filters import Filters
from spanglass.server.query.traces import Place, page_statement

EVIL = "'; DROP TABLE spans; --"
ALL = Filters(
    service=EVIL,
    environment=EVIL,
    model=EVIL,
    status="error",
    user_id=EVIL,
    session_id=EVIL,
    feature=EVIL,
    text=EVIL,
)


def test_a_page_without_filters() -> None:
    """The plain list reads two narrow columns."""
    assert page_statement(Filters(), None) == snapshot(
        (
            """\
SELECT trace_key, min(start_ns) AS first_ns
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $before_ns
GROUP BY trace_key
ORDER BY first_ns DESC, trace_key DESC
LIMIT $limit\
""",
            {},
        )
    )


def test_a_page_with_filters() -> None:
    """Each filter chooses traces by a scan of its own column; the page goes on behind a place."""
    sql, parameters = page_statement(Filters(service="shop", status="error", text='say "hi"'), Place(9, 7, -3))

    assert sql == snapshot("""\
SELECT trace_key, min(start_ns) AS first_ns
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $before_ns
  AND trace_key IN (
SELECT trace_key
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND service = $service
)
  AND trace_key IN (
SELECT trace_key
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND (sg_contains_text(name, $text_0)
    OR sg_contains_text(status_message, $text_0)
    OR sg_contains_text(attributes, $text_1)
    OR sg_contains_text(attributes, $text_2)
    OR sg_contains_text(events, $text_1)
    OR sg_contains_text(events, $text_2)
    OR (span_id, start_ns) IN (
SELECT span_id, start_ns
FROM contents
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND (sg_contains_text(attributes, $text_1)
    OR sg_contains_text(attributes, $text_2)
    OR sg_contains_text(events, $text_1)
    OR sg_contains_text(events, $text_2))
))
)
  AND trace_key IN (
SELECT trace_key
FROM spans
WHERE start_ns >= $start_ns - 3600000000000 AND trace_key IN (
  SELECT trace_key
  FROM spans
  WHERE start_ns >= $start_ns - 3600000000000 AND status = 'error'
)
GROUP BY trace_key
HAVING max(CASE WHEN parent_span_id IS NULL AND status = 'error' THEN 1 ELSE 0 END) = 1
  OR max(CASE WHEN parent_span_id IS NULL THEN 1 ELSE 0 END) = 0
)
GROUP BY trace_key
HAVING min(start_ns) < $after_ns OR (min(start_ns) = $after_ns AND trace_key < $after_key)
ORDER BY first_ns DESC, trace_key DESC
LIMIT $limit\
""")
    assert parameters == snapshot(
        {
            "service": "shop",
            "text_0": 'say "hi"',
            "text_1": 'say \\"hi\\"',
            "text_2": 'say \\\\\\"hi\\\\\\"',
            "after_ns": 7,
            "after_key": -3,
        }
    )


def test_values_are_never_part_of_a_statement() -> None:
    """What a user types is only ever a parameter, and every parameter of a statement has a value."""
    sql, parameters = page_statement(ALL, Place(9, 7, -3))

    assert "DROP" not in sql
    assert set(re.findall(r"\$(\w+)", sql)) == {*parameters, "start_ns", "before_ns", "end_ns", "limit"}
