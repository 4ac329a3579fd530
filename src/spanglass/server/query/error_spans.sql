-- The latest spans of one group; of spans of one trace the deepest, which starts last, comes first.
SELECT
  trace_key, trace_id, span_id, parent_span_id, start_ns, end_ns, resend_count, user_id, service, environment, feature,
  provider, coalesce(request_model, response_model) AS model, error_type, error_message
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND error_group IS NOT NULL /*{filters}*/
ORDER BY start_ns DESC, trace_id DESC, span_id DESC
LIMIT $most
