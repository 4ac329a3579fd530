-- Which of some traces have a span in the range before a slice of it.
SELECT DISTINCT trace_key
FROM spans
WHERE trace_key IN (/*{keys}*/) AND start_ns >= $range_ns AND start_ns < $start_ns
