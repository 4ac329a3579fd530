-- Metric points of a portion whole.
SELECT
  name, unit, kind, temporality, monotonic, start_ns, time_ns, value_int, value_double, count, total, details,
  scope_name, scope_version, attributes, resource
FROM points
WHERE time_ns >= $since_ns AND time_ns < $until_ns
/*{conditions}*/
ORDER BY
  time_ns, name, unit, kind, temporality, monotonic, start_ns, value_int, value_double, count, total, details,
  scope_name, scope_version, attributes, resource
LIMIT $rows OFFSET $skip
