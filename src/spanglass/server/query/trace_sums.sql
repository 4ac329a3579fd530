-- The sums of one trace; only model calls have usage and cost.
SELECT
  count(*) AS spans,
  min(start_ns) AS first_ns,
  max(end_ns) AS last_ns,
  sum(CASE WHEN operation IS NOT NULL AND coalesce(resend_count, 0) = 0 THEN 1 ELSE 0 END) AS calls,
  /*{sums}*/
FROM spans
WHERE trace_key = $trace_key AND trace_id = $trace_id
