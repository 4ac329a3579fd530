-- Traces of which some span that starts in the range satisfies a condition.
SELECT trace_key
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND /*{condition}*/
