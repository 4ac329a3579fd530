-- How many scores were given in each step of the range.
SELECT sg_time_step(time_ns, $step_ns) AS step, count(*) AS given
FROM scores
WHERE time_ns >= $start_ns AND time_ns < $end_ns /*{filters}*/
GROUP BY step
