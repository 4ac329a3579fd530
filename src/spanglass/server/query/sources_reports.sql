-- What SDKs reported of themselves in a range: items taken and dropped, one row a counter, the latest reports first.
SELECT
  name, attributes, resource, service, environment,
  max(CASE WHEN temporality = 'cumulative' THEN value_int END) AS reached,
  sum(CASE WHEN temporality = 'delta' THEN value_int END) AS added,
  min(start_ns) AS first_ns,
  max(time_ns) AS last_ns
FROM points
WHERE name IN (SELECT sg_each($names)) AND time_ns >= $start_ns AND time_ns < $end_ns
GROUP BY name, attributes, resource, service, environment
ORDER BY last_ns DESC, resource, name, attributes
LIMIT $limit
