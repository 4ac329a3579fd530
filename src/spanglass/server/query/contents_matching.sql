-- Spans that start in the range whose content, where it is kept apart, satisfies a condition.
SELECT span_id, start_ns
FROM contents
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND (/*{condition}*/)
