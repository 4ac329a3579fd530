-- The rows of a page of traces, over all of their spans; the earliest of them starts at `since_ns`. What is said of a head is said of the root, else of the
-- earliest span: the order of a root is below 0, that of others above.
SELECT
  trace_key,
  trace_id,
  sg_earliest(name, head_order) AS head_name,
  nullif(sg_earliest(coalesce(service, ''), head_order), '') AS head_service,
  nullif(sg_earliest(coalesce(environment, ''), head_order), '') AS head_environment,
  sg_distinct_values(service) AS all_services,
  sg_distinct_values(CASE WHEN response_model IS NULL AND status <> 'error' THEN request_model ELSE response_model END) AS all_models,
  min(start_ns) AS first_ns,
  max(end_ns) AS last_ns,
  count(*) AS all_spans,
  sum(CASE WHEN status = 'error' THEN 1 ELSE 0 END) AS errors,
  max(CASE WHEN parent_span_id IS NULL THEN 1 ELSE 0 END) AS has_root,
  max(CASE WHEN parent_span_id IS NULL AND status = 'error' THEN 1 ELSE 0 END) AS root_failed,
  sum(CASE WHEN operation IS NOT NULL THEN 1 ELSE 0 END) AS attempts,
  sum(CASE WHEN operation IS NOT NULL AND resend_count > 0 THEN 1 ELSE 0 END) AS retries,
  /*{sums}*/,
  sg_earliest(first_token_ns, start_ns) AS first_content_ns,
  sg_earliest(user_id, start_ns) AS first_user,
  sg_earliest(session_id, start_ns) AS first_session,
  sg_earliest(feature, start_ns) AS first_feature
FROM (
  SELECT *, CASE WHEN parent_span_id IS NULL THEN start_ns - 9223372036854775807 ELSE start_ns END AS head_order
  FROM spans
  WHERE trace_key IN (/*{keys}*/) AND start_ns >= $since_ns
) AS chosen
GROUP BY trace_key, trace_id
