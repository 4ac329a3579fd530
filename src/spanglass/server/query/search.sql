-- The newest spans of a slice of the range that satisfy what is asked, in a few words each.
SELECT
  trace_id, span_id, parent_span_id, name, work, start_ns, end_ns, status, error_type, error_message,
  service, environment, user_id, session_id, feature, agent_name, tool_name,
  operation, provider, request_model, response_model, first_token_ns,
  input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens,
  cost_state, cost_amount, cost_input, cost_output, cost_source, cost_price_id, cost_table, received_ns
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns /*{filters}*/
ORDER BY start_ns DESC, trace_key, span_id
LIMIT $limit OFFSET $skip
