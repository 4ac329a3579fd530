-- Which traces have a span that starts in a slice of the range and satisfies a condition, newest first.
SELECT trace_key, max(start_ns) AS last_ns
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND /*{condition}*/ /*{filters}*/
GROUP BY trace_key
ORDER BY last_ns DESC, trace_key DESC
LIMIT $limit
