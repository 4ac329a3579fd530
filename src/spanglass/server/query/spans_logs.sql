-- The first log records of a trace; long texts are cut or left out.
SELECT
  span_id, time_ns, severity, severity_text, event_name, substr(body, 1, $longest) AS body_start,
  CASE WHEN length(attributes) <= $longest THEN attributes END AS short_attributes
FROM logs
WHERE trace_id = $trace_id AND time_ns BETWEEN $first_ns AND $last_ns
ORDER BY time_ns
LIMIT $limit
