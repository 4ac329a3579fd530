-- Groups of failures, ranked.
SELECT
  error_group,
  count(*) AS failures,
  count(DISTINCT trace_key) AS traces,
  count(DISTINCT user_id) AS users,
  min(start_ns) AS first_ns,
  max(start_ns) AS last_ns
FROM (
/*{deepest}*/
) AS failed
GROUP BY error_group
ORDER BY /*{order}*/ DESC, error_group
LIMIT $limit OFFSET $skip
