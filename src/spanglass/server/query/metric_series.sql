-- The series of a metric in a range, those with the most points first, while their labels fit; and how many there are.
SELECT *
FROM (
  SELECT
    *,
    count(*) OVER () AS all_series,
    sum(held) OVER () AS all_points,
    sum(length(attributes) + length(resource)) OVER (ORDER BY held DESC, series) AS label_texts
  FROM (
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
  ) AS one
) AS fitting
WHERE label_texts <= $most_texts
ORDER BY held DESC, series
LIMIT $limit
