-- The last value of each series of a metric in each step of time, and the sum of all of its values.
SELECT
  sg_key(attributes, resource, scope_name) AS line,
  sg_time_step(time_ns, $step_ns) AS step,
  max(CASE WHEN value_int IS NOT NULL THEN time_ns END) AS whole_ns,
  sg_earliest(value_int, -time_ns) AS last_whole,
  max(CASE WHEN value_double IS NOT NULL THEN time_ns END) AS real_ns,
  sg_earliest(value_double, -time_ns) AS last_real,
  sum(CAST(value_int AS DECIMAL(38, 0))) AS sum_whole,
  sum(value_double) AS sum_real,
  count(value_int) + count(value_double) AS measured
FROM points
WHERE name = $name AND time_ns >= $start_ns AND time_ns < $end_ns /*{filters}*/
GROUP BY line, step
ORDER BY step DESC, line
LIMIT $limit
