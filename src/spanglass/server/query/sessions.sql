-- The rows of a page of sessions.
SELECT
  of_session,
  min(start_ns) AS first_ns,
  max(end_ns) AS last_ns,
  count(DISTINCT trace_id) AS turns,
  sum(CASE WHEN status = 'error' THEN 1 ELSE 0 END) AS errors,
  sum(CASE WHEN operation IS NOT NULL THEN 1 ELSE 0 END) AS attempts,
  sum(CASE WHEN operation IS NOT NULL AND resend_count > 0 THEN 1 ELSE 0 END) AS retries,
  /*{sums}*/,
  sg_earliest(user_id, start_ns) AS first_user,
  sg_earliest(environment, start_ns) AS first_environment,
  sg_distinct_values(service) AS all_services,
  sg_distinct_values(feature) AS all_features,
  sg_distinct_values(CASE WHEN response_model IS NULL AND status <> 'error' THEN request_model ELSE response_model END) AS all_models
FROM (
/*{spans}*/
) AS chosen
GROUP BY of_session
