-- What some metrics are: kind, unit, temporality, who sent them, how many series and points.
SELECT
  name, kind, unit, temporality, monotonic,
  sg_distinct_values(service) AS services,
  count(*) AS series,
  sum(held) AS all_points,
  min(first_ns) AS earliest_ns,
  max(last_ns) AS latest_ns
FROM (
  SELECT
    name, kind, unit, temporality, monotonic, service,
    sg_key(attributes, resource, scope_name) AS series_key,
    count(*) AS held,
    min(time_ns) AS first_ns,
    max(time_ns) AS last_ns
  FROM points
  WHERE name IN (SELECT sg_each($names)) AND time_ns >= $start_ns AND time_ns < $end_ns /*{filters}*/
  GROUP BY name, kind, unit, temporality, monotonic, service, series_key
) AS one
GROUP BY name, kind, unit, temporality, monotonic
ORDER BY name, all_points DESC, kind, unit, temporality
