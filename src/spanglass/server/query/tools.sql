-- Tools, most calls first.
SELECT
  tool_name AS tool, count(*) AS calls, max(start_ns) AS last_ns,
  sum(CASE WHEN status = 'error' THEN 1 ELSE 0 END) AS failed,
  max(CASE WHEN status = 'error' THEN start_ns END) AS last_failed_ns
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND work = 'tool' AND tool_name IS NOT NULL
  /*{filters}*/
GROUP BY tool
ORDER BY calls DESC, tool
LIMIT $limit OFFSET $skip
