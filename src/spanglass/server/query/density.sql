-- How many spans start in each step of the range, newest first.
SELECT sg_time_step(start_ns, $step_ns) AS step, count(*) AS spans
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns
GROUP BY step
ORDER BY step DESC
