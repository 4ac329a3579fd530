-- Log records of a portion whole.
SELECT
  time_ns, severity, severity_text, event_name, body, trace_id, span_id, scope_name, scope_version, attributes, resource
FROM logs
WHERE time_ns >= $since_ns AND time_ns < $until_ns
/*{conditions}*/
ORDER BY
  time_ns, severity, severity_text, event_name, body, trace_id, span_id, scope_name, scope_version, attributes, resource
LIMIT $rows OFFSET $skip
