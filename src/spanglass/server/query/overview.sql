-- Figures of model calls: in total, by step of time, or by model, as `keys` and `group` say.
-- Durations go to the percentiles as 4-byte seconds: half the memory, 7 digits.
SELECT
  /*{keys}*/
  count(*) AS attempts,
  sum(CASE WHEN resend_count > 0 THEN 1 ELSE 0 END) AS retries,
  sum(CASE WHEN status = 'error' THEN 1 ELSE 0 END) AS failed,
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
  sg_percentiles(CAST((end_ns - start_ns) * 1e-9 AS FLOAT)) AS duration,
  sg_percentiles(CAST(first_token_ns * 1e-9 AS FLOAT)) AS first_token
FROM spans
WHERE operation IS NOT NULL AND start_ns >= $start_ns AND start_ns < $end_ns /*{filters}*/
/*{group}*/
