-- When a trace began and ended, by its spans; no row where it has none.
SELECT min(start_ns) AS first_ns, max(end_ns) AS last_ns
FROM spans
WHERE trace_key = $trace_key AND trace_id = $trace_id
HAVING count(*) > 0
