-- Of how many traces some span satisfies a condition, among every sixteenth trace.
SELECT count(DISTINCT trace_key) AS in_part
FROM spans
WHERE trace_key % 16 = 0 AND start_ns >= $start_ns AND start_ns < $end_ns AND /*{condition}*/ /*{filters}*/
