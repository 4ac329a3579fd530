-- The newest spans of a slice of the range that satisfy what is asked, in a few words each.
SELECT /*{columns}*/
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns /*{filters}*/
ORDER BY start_ns DESC, trace_key, span_id
LIMIT $limit OFFSET $skip
