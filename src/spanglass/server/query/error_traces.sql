-- Narrows to traces in which spans of some groups failed.
AND trace_key IN (
  SELECT trace_key FROM spans WHERE start_ns >= $start_ns AND start_ns < $end_ns AND error_group IS NOT NULL /*{filters}*/
)
