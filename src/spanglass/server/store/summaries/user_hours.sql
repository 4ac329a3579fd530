-- The sums of calls by hour and user.
INSERT INTO user_hours (
  start_ns, service, environment, provider, request_model, response_model, operation, feature, prompt_name, prompt_version, finish_reasons,
  error_type, status, attempts, retries, failed, cut_short,
  tokens_input, tokens_output, tokens_cache_read, tokens_cache_write, tokens_reasoning,
  cost, cost_reported, cost_computed, cost_estimated, billed, unpriced, user_id
)
SELECT
  sg_time_step(start_ns, 3600000000000) * 3600000000000 AS step_ns,
  service, environment, provider, request_model, response_model, operation, feature, prompt_name, prompt_version, finish_reasons,
  error_type, status,
  count(*), sum(CASE WHEN resend_count > 0 THEN 1 ELSE 0 END), sum(CASE WHEN status = 'error' THEN 1 ELSE 0 END),
  sum(CASE WHEN incomplete THEN 1 ELSE 0 END),
  sum(input_tokens), sum(output_tokens), sum(cache_read_tokens), sum(cache_write_tokens), sum(reasoning_tokens),
  sum(cost_amount),
  sum(CASE WHEN cost_state = 'reported' THEN cost_amount END),
  sum(CASE WHEN cost_state = 'computed' THEN cost_amount END),
  sum(CASE WHEN cost_state = 'estimated' THEN cost_amount END),
  count(cost_state), sum(CASE WHEN cost_state = 'unpriced' THEN 1 ELSE 0 END), user_id
FROM spans
WHERE operation IS NOT NULL AND start_ns >= $since_ns AND start_ns < $until_ns
GROUP BY
  step_ns, service, environment, provider, request_model, response_model, operation, feature, prompt_name, prompt_version, finish_reasons,
  error_type, status, user_id
