-- Where a repeated attempt succeeded, at what, and when the latest of them began.
SELECT trace_key, parent_span_id, coalesce(request_model, response_model) AS model, max(start_ns) AS latest_ns
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND resend_count > 0 AND status <> 'error'
  AND parent_span_id IS NOT NULL /*{traces}*/
GROUP BY trace_key, parent_span_id, model
