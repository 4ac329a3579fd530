-- How many points a range holds.
SELECT count(*) AS held
FROM points
WHERE time_ns >= $start_ns AND time_ns < $end_ns
