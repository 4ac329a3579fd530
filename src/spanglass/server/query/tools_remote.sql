-- How many spans may tell of a tool's call again.
SELECT count(*) AS remote
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND work = 'tool' AND kind IN ('client', 'server')
  AND parent_span_id IS NOT NULL
