-- How many traces a sample is taken of.
SELECT count(DISTINCT trace_key) AS seen
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND /*{condition}*/ /*{filters}*/
