-- The newest points of a metric that carry exemplars, while their texts fit.
SELECT line, time_ns, details
FROM (
  SELECT line, time_ns, details, sum(length(details)) OVER (ORDER BY time_ns DESC) AS texts
  FROM (
    SELECT sg_key(attributes, resource, scope_name) AS line, time_ns, details
    FROM points
    WHERE name = $name AND time_ns >= $start_ns AND time_ns < $end_ns
      AND details LIKE '%"exemplars":%' /*{filters}*/
    ORDER BY time_ns DESC
    LIMIT $limit
  ) AS newest
) AS measured
WHERE texts <= $most_texts
ORDER BY time_ns DESC, line
