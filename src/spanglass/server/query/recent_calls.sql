-- The newest calls since some time, with what accounts of one call are told by.
SELECT
  trace_id, span_id, parent_span_id, start_ns, end_ns, operation, request_model, response_model, response_id,
  usage_estimated, input_tokens, output_tokens
FROM spans
WHERE operation IS NOT NULL AND start_ns >= $since_ns
ORDER BY start_ns DESC
LIMIT $limit
