"""The SQL that errors, samples and tools compose, as text: a change of it is seen in review."""

from __future__ import annotations

from inline_snapshot import snapshot

from spanglass.server.query.errors import Failures, deepest
from spanglass.server.query.filters import Conditions, Filters
from spanglass.server.query.statement import statement

EVIL = "'; DROP TABLE spans; --"


def test_failures_of_some_groups() -> None:
    """The spans that failed are read once, narrow, and narrowed before the deepest of them is told."""
    conditions = Conditions(Filters(service=EVIL))
    failures = Failures(0, 9, 3, 5, conditions.each_span(), conditions.parameters).of([EVIL, "b"])

    assert failures.given == {"service": EVIL, "group_0": EVIL, "group_1": "b"}
    assert deepest(failures, "start_ns, user_id") == snapshot("""\
WITH failing AS (
  SELECT trace_key, span_id, parent_span_id, error_group, resend_count, start_ns, user_id
  FROM spans
  WHERE start_ns >= $start_ns AND start_ns < $end_ns AND error_group IS NOT NULL
  AND service = $service
  AND error_group IN ($group_0, $group_1)
)
SELECT *
FROM failing
WHERE (trace_key, span_id, error_group) NOT IN (
  SELECT trace_key, parent_span_id, error_group FROM failing
  WHERE parent_span_id IS NOT NULL AND coalesce(resend_count, 0) = 0
)\
""")


def test_a_sample_of_traces() -> None:
    """A trace is chosen by one span, and narrowed by others."""
    filters = Conditions(Filters(model=EVIL)).some_span()

    assert statement("sample", condition="work = 'agent'", filters=filters) == snapshot("""\
SELECT trace_key, max(start_ns) AS last_ns
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND work = 'agent'
  AND trace_key IN (
SELECT trace_key
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND (response_model = $model OR request_model = $model)
)
GROUP BY trace_key
ORDER BY last_ns DESC, trace_key DESC
LIMIT $limit\
""")
    assert statement("sample_about", condition="work = 'agent'", filters=filters) == snapshot("""\
SELECT count(DISTINCT trace_key) AS in_part
FROM spans
WHERE trace_key % 16 = 0 AND start_ns >= $start_ns AND start_ns < $end_ns AND work = 'agent'
  AND trace_key IN (
SELECT trace_key
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND (response_model = $model OR request_model = $model)
)\
""")


def test_spans_of_a_sample() -> None:
    """Each stretch of time has its own traces."""
    arms = [statement("sample_stretch", columns="name", keys=f"$key_{place}_0", place=str(place)) for place in range(2)]

    assert statement("sample_spans", stretches="\nUNION ALL\n".join(arms)) == snapshot("""\
SELECT *
FROM (
SELECT name
FROM spans
WHERE start_ns >= $since_0 AND start_ns <= $until_0 AND trace_key IN ($key_0_0)
UNION ALL
SELECT name
FROM spans
WHERE start_ns >= $since_1 AND start_ns <= $until_1 AND trace_key IN ($key_1_0)
) AS chosen
ORDER BY start_ns, span_id
LIMIT $most\
""")


def test_figures_of_tools() -> None:
    """Names are parameters; bins, agents and counts are all that is read."""
    assert statement("tools_figures", tools="$tool_0, $tool_1", filters="") == snapshot("""\
SELECT tool_name AS tool, agent_name AS agent, sg_bin(end_ns - start_ns) AS bin, count(*) AS calls
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND work = 'tool' AND tool_name IN ($tool_0, $tool_1)
GROUP BY tool, agent, bin
ORDER BY calls DESC
LIMIT $most\
""")
