-- Some spans of one trace, with all they say; content, where it is kept apart, beside the rest.
SELECT
  one.span_id AS span_id, parent_span_id, name, kind, work, one.start_ns AS start_ns, end_ns, status, status_message,
  error_type, service, scope_name, scope_version, user_id, session_id, feature, prompt_name, prompt_version,
  agent_name, tool_name, tags, error_message, error_group, received_ns,
  operation, provider, request_model, response_model, response_id, finish_reasons, stream, incomplete,
  first_chunk_ns, first_token_ns, resend_count, usage_estimated,
  input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens,
  cost_state, cost_amount, cost_input, cost_output, cost_source, cost_price_id, cost_table,
  one.attributes AS attributes, resource, one.events AS events, links,
  said.attributes AS content_attributes, said.events AS content_events
FROM (
  SELECT *
  FROM spans
  WHERE trace_key = $trace_key AND trace_id = $trace_id AND start_ns BETWEEN $first_ns AND $last_ns
    AND span_id IN (SELECT sg_each($span_ids))
) AS one
LEFT JOIN (
  SELECT span_id, start_ns, attributes, events
  FROM contents
  WHERE trace_key = $trace_key AND trace_id = $trace_id AND start_ns BETWEEN $first_ns AND $last_ns
) AS said ON said.span_id = one.span_id AND said.start_ns = one.start_ns
