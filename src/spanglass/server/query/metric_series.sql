-- The series of a metric in a range, those with the most points first: each with its labels and who sent it.
SELECT
  sg_key(attributes, resource, scope_name) AS series,
  attributes, resource, service, environment, kind, unit, temporality, monotonic,
  count(*) AS held,
  min(time_ns) AS first_ns,
  max(time_ns) AS last_ns,
  sum(length(details)) AS texts
FROM points
WHERE name = $name AND time_ns >= $start_ns AND time_ns < $end_ns /*{filters}*/
GROUP BY attributes, resource, scope_name, service, environment, kind, unit, temporality, monotonic
ORDER BY held DESC, series
LIMIT $limit
