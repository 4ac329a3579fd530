-- The contents of the spans of some traces, where they are kept apart.
LEFT JOIN (
  SELECT trace_id, span_id, start_ns, attributes, events
  FROM contents
  WHERE trace_key IN (/*{keys}*/) AND start_ns BETWEEN $first_ns AND $last_ns
) AS said ON said.trace_id = one.trace_id AND said.span_id = one.span_id AND said.start_ns = one.start_ns
