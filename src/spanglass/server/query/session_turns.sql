-- The turns of a session, in order: its traces or, where a trace has spans that mark turns, those and what follows each.
SELECT
  trace_key,
  trace_id,
  turn_ns,
  coalesce(turn_ns, min(start_ns)) AS first_ns,
  coalesce(max(CASE WHEN marked = 1 THEN end_ns END), max(end_ns)) AS last_ns,
  sg_earliest(name, head_order) AS head_name,
  sg_earliest(span_id, head_order) AS head_id,
  sg_earliest(status, head_order) AS head_status,
  min(head_order) AS lowest_order,
  sum(CASE WHEN status = 'error' THEN 1 ELSE 0 END) AS errors,
  sum(CASE WHEN operation IS NOT NULL THEN 1 ELSE 0 END) AS attempts,
  sum(CASE WHEN operation IS NOT NULL AND resend_count > 0 THEN 1 ELSE 0 END) AS retries,
  /*{sums}*/,
  min(start_ns + first_token_ns) AS first_content_ns
FROM (
  SELECT
    *,
    coalesce(latest_ns, min(latest_ns) OVER (PARTITION BY trace_key, trace_id)) AS turn_ns,
    start_ns - CASE WHEN marked = 1 THEN 9223372036854775807 WHEN parent_span_id IS NULL THEN 4611686018427387904 ELSE 0 END
      AS head_order
  FROM (
    SELECT
      *,
      max(CASE WHEN marked = 1 THEN start_ns END) OVER (
        PARTITION BY trace_key, trace_id ORDER BY start_ns, marked DESC
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      ) AS latest_ns
    FROM (
/*{spans}*/
    ) AS chosen
    WHERE of_session = $session_id
  ) AS followed
) AS parted
GROUP BY trace_key, trace_id, turn_ns
ORDER BY first_ns, trace_id, turn_ns
LIMIT $limit OFFSET $skip
