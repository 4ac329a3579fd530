-- The latest spans of some groups. Of spans of one trace the deepest starts last, so it comes first.
SELECT error_group, trace_id, span_id, start_ns, error_type, error_message, service, user_id
FROM (
  SELECT
    error_group, trace_id, span_id, start_ns, error_type, error_message, service, user_id,
    row_number() OVER (PARTITION BY error_group ORDER BY start_ns DESC, trace_id DESC, span_id DESC) AS place
  FROM spans
  WHERE start_ns >= $start_ns AND start_ns < $end_ns AND error_group IS NOT NULL /*{filters}*/
) AS placed
WHERE place <= $each
ORDER BY error_group, place
