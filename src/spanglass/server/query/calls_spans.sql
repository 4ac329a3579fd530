-- Calls as rows of a summary, each of one call.
SELECT
  start_ns/*{keys}*/,
  1 AS attempts,
  CASE WHEN resend_count > 0 THEN 1 ELSE 0 END AS retries,
  CASE WHEN status = 'error' THEN 1 ELSE 0 END AS failed,
  CASE WHEN incomplete THEN 1 ELSE 0 END AS cut_short,
  input_tokens AS tokens_input,
  output_tokens AS tokens_output,
  cache_read_tokens AS tokens_cache_read,
  cache_write_tokens AS tokens_cache_write,
  reasoning_tokens AS tokens_reasoning,
  cost_amount AS cost,
  CASE WHEN cost_state = 'reported' THEN cost_amount END AS cost_reported,
  CASE WHEN cost_state = 'computed' THEN cost_amount END AS cost_computed,
  CASE WHEN cost_state = 'estimated' THEN cost_amount END AS cost_estimated,
  CASE WHEN cost_state IS NULL THEN 0 ELSE 1 END AS billed,
  CASE WHEN cost_state = 'unpriced' THEN 1 ELSE 0 END AS unpriced
FROM spans
WHERE operation IS NOT NULL AND /*{bounds}*/ /*{filters}*/
