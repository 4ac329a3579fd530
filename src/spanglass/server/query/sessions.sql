-- The rows of a page of sessions.
SELECT
  of_session,
  min(start_ns) AS first_ns,
  max(end_ns) AS last_ns,
  count(DISTINCT trace_id) AS turns,
  sum(CASE WHEN status = 'error' THEN 1 ELSE 0 END) AS errors,
  sum(CASE WHEN operation IS NOT NULL THEN 1 ELSE 0 END) AS attempts,
  sum(CASE WHEN operation IS NOT NULL AND resend_count > 0 THEN 1 ELSE 0 END) AS retries,
  sum(input_tokens) AS tokens_input,
  sum(output_tokens) AS tokens_output,
  sum(cache_read_tokens) AS tokens_cache_read,
  sum(cache_write_tokens) AS tokens_cache_write,
  sum(reasoning_tokens) AS tokens_reasoning,
  sum(cost_amount) AS cost,
  sum(CASE WHEN cost_state = 'reported' THEN cost_amount END) AS cost_reported,
  sum(CASE WHEN cost_state = 'computed' THEN cost_amount END) AS cost_computed,
  sum(CASE WHEN cost_state = 'estimated' THEN cost_amount END) AS cost_estimated,
  count(cost_state) AS billed,
  count(CASE WHEN cost_state = 'unpriced' THEN 1 END) AS unpriced,
  sg_earliest(user_id, start_ns) AS first_user,
  sg_earliest(environment, start_ns) AS first_environment,
  sg_distinct_values(service) AS all_services,
  sg_distinct_values(feature) AS all_features,
  sg_distinct_values(CASE WHEN response_model IS NULL AND status <> 'error' THEN request_model ELSE response_model END) AS all_models
FROM (
/*{spans}*/
) AS chosen
GROUP BY of_session
