-- Some spans of one trace, with all they say.
SELECT
  span_id, parent_span_id, name, kind, work, start_ns, end_ns, status, status_message, error_type, service,
  scope_name, user_id, session_id, feature, prompt_name, prompt_version,
  operation, provider, request_model, response_model, response_id, finish_reasons, stream, incomplete,
  first_chunk_ns, first_token_ns, resend_count, usage_estimated,
  input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens,
  cost_state, cost_amount, cost_input, cost_output, cost_source, cost_price_id, cost_table,
  attributes, resource, events, links
FROM spans
WHERE trace_key = $trace_key AND trace_id = $trace_id AND start_ns BETWEEN $first_ns AND $last_ns
  AND span_id IN (SELECT sg_each($span_ids))
