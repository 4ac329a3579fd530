-- The spans that were received last and satisfy what is asked, in a few words each.
SELECT
  trace_id, span_id, parent_span_id, name, work, start_ns, end_ns, status, error_type, error_message,
  service, environment, user_id, session_id, feature, agent_name, tool_name,
  operation, provider, request_model, response_model, first_token_ns,
  input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens,
  cost_state, cost_amount, cost_input, cost_output, cost_source, cost_price_id, cost_table, received_ns
FROM spans
WHERE received_ns > $since_ns /*{filters}*/
ORDER BY received_ns DESC, start_ns DESC, span_id DESC
LIMIT $limit
