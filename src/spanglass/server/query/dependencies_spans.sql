-- How many spans start in a range.
SELECT count(*) AS spans
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns
