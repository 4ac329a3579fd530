-- Records of a page, whole.
SELECT
  time_ns, severity, severity_text, event_name, body, trace_id, span_id, service, environment, scope_name,
  attributes, resource
FROM logs
WHERE time_ns >= $start_ns AND time_ns < $end_ns /*{filters}*/
ORDER BY time_ns /*{order}*/, sg_key(attributes, resource, body), span_id
LIMIT $limit OFFSET $skip
