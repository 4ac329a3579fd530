-- Sums of model calls by some keys.
SELECT
  /*{keys}*/
  min(start_ns) AS first_ns,
  max(start_ns) AS last_ns,
  sum(attempts) AS all_attempts,
  sum(retries) AS all_retries,
  sum(failed) AS all_failed,
  sum(cut_short) AS all_cut_short,
  sum(tokens_input) AS all_tokens_input,
  sum(tokens_output) AS all_tokens_output,
  sum(tokens_cache_read) AS all_tokens_cache_read,
  sum(tokens_cache_write) AS all_tokens_cache_write,
  sum(tokens_reasoning) AS all_tokens_reasoning,
  sum(cost) AS all_cost,
  sum(cost_reported) AS all_cost_reported,
  sum(cost_computed) AS all_cost_computed,
  sum(cost_estimated) AS all_cost_estimated,
  sum(billed) AS all_billed,
  sum(unpriced) AS all_unpriced
FROM /*{calls}*/ AS calls
/*{group}*/
/*{order}*/
