-- Scores by name, over time and by label.
SELECT
  name,
  sg_time_step(time_ns, $step_ns) AS step,
  label,
  count(*) AS times,
  count(score) AS numbers,
  sum(score) AS total
FROM (
/*{given}*/
) AS given
GROUP BY name, step, label
ORDER BY times DESC
LIMIT $most
