-- Which of some traces have spans before a slice of the range: since when, and whether in the range.
SELECT
  trace_key,
  min(start_ns) AS since_ns,
  max(CASE WHEN start_ns >= $range_ns THEN 1 ELSE 0 END) AS in_range
FROM spans
WHERE trace_key IN (/*{keys}*/) AND start_ns < $start_ns
GROUP BY trace_key
