-- Which traces have a span that starts in a slice of the range, newest first by the first such span. Reads two narrow
-- columns; without filters nothing else.
SELECT trace_key, min(start_ns) AS first_ns
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $before_ns /*{filters}*/
GROUP BY trace_key
/*{after}*/
ORDER BY first_ns DESC, trace_key DESC
LIMIT $limit
