-- The sums of calls by hour, from those by minute.
INSERT INTO call_hours (
  start_ns, service, environment, provider, request_model, response_model, operation, feature, prompt_name, prompt_version, finish_reasons,
  error_type, status, attempts, retries, failed, cut_short,
  tokens_input, tokens_output, tokens_cache_read, tokens_cache_write, tokens_reasoning,
  cost, cost_reported, cost_computed, cost_estimated, billed, unpriced
)
SELECT
  sg_time_step(start_ns, 3600000000000) * 3600000000000 AS step_ns,
  service, environment, provider, request_model, response_model, operation, feature, prompt_name, prompt_version, finish_reasons,
  error_type, status,
  sum(attempts), sum(retries), sum(failed), sum(cut_short),
  sum(tokens_input), sum(tokens_output), sum(tokens_cache_read), sum(tokens_cache_write), sum(tokens_reasoning),
  sum(cost), sum(cost_reported), sum(cost_computed), sum(cost_estimated), sum(billed), sum(unpriced)
FROM call_minutes
WHERE start_ns >= $since_ns AND start_ns < $until_ns
GROUP BY
  step_ns, service, environment, provider, request_model, response_model, operation, feature, prompt_name, prompt_version, finish_reasons,
  error_type, status
