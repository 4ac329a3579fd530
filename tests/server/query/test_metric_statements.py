"""The SQL that questions on metrics and logs compose: values are only ever parameters."""

from __future__ import annotations

from inline_snapshot import snapshot

from spanglass.server.query.filters import Filters
from spanglass.server.query.logs import LogFilters, narrowed_logs
from spanglass.server.query.metric_series import Label, narrowed
from spanglass.server.query.statement import statement

EVIL = "'; DROP TABLE points; --"


def test_points_narrow_by_parameters() -> None:
    """A label is looked for as its JSON is spelled, as text and as it stands, in labels and resources."""
    where = narrowed(Filters(service="shop", environment=EVIL), Label("model", EVIL))

    assert where.sql == snapshot("""\

  AND service = $service
  AND environment = $environment
  AND (sg_holds(attributes, $label_text)
    OR sg_holds(attributes, $label_plain)
    OR sg_holds(resource, $label_text)
    OR sg_holds(resource, $label_plain))\
""")
    assert where.parameters == snapshot(
        {
            "service": "shop",
            "environment": "'; DROP TABLE points; --",
            "label_text": '"model":"\'; DROP TABLE points; --"',
            "label_plain": '"model":\'; DROP TABLE points; --',
        }
    )


def test_logs_narrow_by_parameters() -> None:
    """Text is looked for as JSON spells it, once and twice."""
    where = narrowed_logs(LogFilters(service=EVIL, severity=9, event=EVIL, text=f'"{EVIL}"', trace_id="A" * 32))

    assert "DROP" not in where.sql
    assert where.sql == snapshot("""\

  AND service = $service
  AND trace_id = $trace_id
  AND severity >= $severity
  AND event_name = $event
  AND (sg_contains_text(event_name, $text)
    OR sg_contains_text(body, $text_0)
    OR sg_contains_text(body, $text_1)
    OR sg_contains_text(attributes, $text_0)
    OR sg_contains_text(attributes, $text_1))\
""")
    assert (where.parameters["trace_id"], where.order) == ("a" * 32, "")


def test_growth_is_composed_of_streams() -> None:
    """Streams are followed by keys, and grow from the point before."""
    assert statement(
        "metric_growth", series="0", streams=statement("metric_streams", filters="\n  AND a = $a")
    ) == snapshot("""\
SELECT
  0 AS line, step,
  sum(CASE WHEN counted_from = 'itself' THEN whole
           WHEN counted_from = 'before' THEN whole - was_whole END) AS grown_whole,
  sum(CASE WHEN counted_from = 'itself' THEN real
           WHEN counted_from = 'before' THEN real - was_real END) AS grown_real,
  sum(CASE WHEN counted_from = 'itself' THEN total
           WHEN counted_from = 'before' THEN total - was_total END) AS grown_total,
  sum(CASE WHEN total IS NULL THEN NULL WHEN counted_from = 'itself' THEN whole
           WHEN was_total IS NOT NULL THEN whole - was_whole END) AS grown_summed,
  sum(CASE WHEN counted_from = 'before' AND (whole IS NULL OR was_whole IS NULL) THEN 1
           WHEN counted_from = 'itself' AND whole IS NULL THEN 1 ELSE 0 END) AS inexact
FROM (
  SELECT
    *,
    sg_time_step(time_ns, $step_ns) AS step,
    CASE WHEN is_delta = 1 OR fell = 1 OR (was_real IS NULL AND starts) THEN 'itself'
         WHEN was_real IS NOT NULL THEN 'before' END AS counted_from
  FROM (
SELECT
  series, stream_ns, time_ns, is_delta, whole, real, total, was_whole, was_real, was_total,
  stream_ns >= $since_ns AND stream_ns < time_ns AS starts,
  CASE WHEN is_delta = 0 AND rises AND real < was_real THEN 1 ELSE 0 END AS fell
FROM (
  SELECT
    series, stream_ns, time_ns, is_delta, rises, whole, real, total_real AS total,
    lag(whole) OVER (PARTITION BY series, stream_ns ORDER BY time_ns) AS was_whole,
    lag(real) OVER (PARTITION BY series, stream_ns ORDER BY time_ns) AS was_real,
    lag(total_real) OVER (PARTITION BY series, stream_ns ORDER BY time_ns) AS was_total
  FROM (
    SELECT
      sg_key(attributes, resource, scope_name) AS series,
      CASE WHEN temporality = 'delta' THEN 0 ELSE coalesce(start_ns, 0) END AS stream_ns,
      time_ns,
      CASE WHEN temporality = 'delta' THEN 1 ELSE 0 END AS is_delta,
      coalesce(monotonic, true) AS rises,
      CAST(coalesce(value_int, count) AS DECIMAL(38, 0)) AS whole,
      coalesce(CAST(coalesce(value_int, count) AS DOUBLE), value_double) AS real,
      total AS total_real
    FROM points
    WHERE name = $name AND time_ns >= $since_ns AND time_ns < $end_ns
  AND a = $a
  ) AS measured
) AS followed
  ) AS streams
  WHERE time_ns >= $start_ns
) AS counted
WHERE counted_from IS NOT NULL
GROUP BY line, step
ORDER BY step DESC, line
LIMIT $limit\
""")
