-- The spans of some traces, which all start in one stretch of time.
SELECT /*{columns}*/
FROM spans
WHERE start_ns >= $since_/*{place}*/ AND start_ns <= $until_/*{place}*/ AND trace_key IN (/*{keys}*/)
