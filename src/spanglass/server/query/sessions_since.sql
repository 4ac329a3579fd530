-- When the first span of the range that names one of some sessions starts.
SELECT min(start_ns) AS since_ns, count(*) AS spans
FROM spans
WHERE session_id IN (SELECT sg_each($session_ids)) AND start_ns >= $start_ns AND start_ns < $end_ns
