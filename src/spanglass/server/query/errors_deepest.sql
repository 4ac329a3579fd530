-- Failures: of spans of one trace that repeat what failed below them, the deepest alone. A later attempt, which may be
-- below the first, repeats nothing.
WITH failing AS (
  SELECT trace_key, span_id, parent_span_id, error_group, resend_count, /*{columns}*/
  FROM spans
  WHERE start_ns >= $start_ns AND start_ns < $end_ns AND error_group IS NOT NULL /*{filters}*/
)
SELECT *
FROM failing
WHERE (trace_key, span_id, error_group) NOT IN (
  SELECT trace_key, parent_span_id, error_group FROM failing
  WHERE parent_span_id IS NOT NULL AND coalesce(resend_count, 0) = 0
)
