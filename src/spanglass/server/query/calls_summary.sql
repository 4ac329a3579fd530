-- Rows of a summary, each of many calls.
SELECT
  start_ns/*{keys}*/,
  attempts, retries, failed, cut_short,
  tokens_input, tokens_output, tokens_cache_read, tokens_cache_write, tokens_reasoning,
  cost, cost_reported, cost_computed, cost_estimated, billed, unpriced
FROM /*{table}*/
WHERE /*{bounds}*/ /*{filters}*/
