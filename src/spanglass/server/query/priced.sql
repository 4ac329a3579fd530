-- Calls of a portion that were billed, with what prices them.
SELECT
  start_ns, trace_id, span_id, provider, request_model, response_model, service_tier, usage_estimated,
  input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, reasoning_tokens,
  usage_details, cost_state, cost_amount, cost_input, cost_output, cost_source, cost_price_id, cost_table, producer_cost
FROM spans
WHERE start_ns >= $since_ns AND start_ns < $until_ns
/*{conditions}*/
ORDER BY start_ns, trace_id, span_id
LIMIT $rows OFFSET $skip
