-- Calls of one tool over time, in bins.
SELECT
  sg_time_step(start_ns, $step_ns) AS step, sg_bin(end_ns - start_ns) AS bin, count(*) AS calls,
  sum(CASE WHEN status = 'error' THEN 1 ELSE 0 END) AS failed
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND work = 'tool' AND tool_name IS NOT NULL
  /*{filters}*/
GROUP BY step, bin
ORDER BY step
LIMIT $most
