-- How long the contents of the spans of some traces are, where they are kept apart.
LEFT JOIN (
  SELECT trace_id, span_id, start_ns, coalesce(length(attributes), 0) + coalesce(length(events), 0) AS size
  FROM contents
  WHERE trace_key IN (/*{keys}*/) /*{ids}*/
) AS said ON said.trace_id = one.trace_id AND said.span_id = one.span_id AND said.start_ns = one.start_ns
