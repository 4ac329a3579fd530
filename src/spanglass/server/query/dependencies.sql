-- Which service called which other how often: spans whose parent is of another service.
SELECT caller.service AS parent, callee.service AS child, count(*) AS calls
FROM (
  SELECT trace_key, parent_span_id, service
  FROM spans
  WHERE start_ns >= $start_ns AND start_ns < $end_ns AND parent_span_id IS NOT NULL AND service IS NOT NULL
) AS callee
JOIN (
  SELECT trace_key, span_id, service
  FROM spans
  WHERE start_ns >= $start_ns AND start_ns < $end_ns AND service IS NOT NULL
) AS caller ON caller.trace_key = callee.trace_key AND caller.span_id = callee.parent_span_id
WHERE caller.service <> callee.service
GROUP BY parent, child
ORDER BY calls DESC, parent, child
LIMIT $limit
