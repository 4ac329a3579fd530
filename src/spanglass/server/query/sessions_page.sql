-- Which sessions have a span that starts in a slice of the range, the newest such span first.
SELECT session_id, max(start_ns) AS last_ns
FROM spans
WHERE session_id IS NOT NULL AND start_ns >= $slice_ns AND start_ns < $end_ns /*{filters}*/
GROUP BY session_id
/*{after}*/
ORDER BY last_ns DESC, session_id
LIMIT $limit OFFSET $skip
