-- How many spans failed in each step of the range.
SELECT sg_time_step(start_ns, $step_ns) AS step, count(*) AS spans
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND error_group IS NOT NULL /*{filters}*/
GROUP BY step
