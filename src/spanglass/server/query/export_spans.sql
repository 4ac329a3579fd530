-- Spans of a portion whole, content beside the rest.
SELECT
  one.trace_id AS trace_id, one.span_id AS span_id, parent_span_id, trace_state, name, kind, one.start_ns AS start_ns,
  end_ns, status, status_message, scope_name, scope_version, resource, one.attributes AS attributes,
  one.events AS events, links, said.attributes AS content_attributes, said.events AS content_events
FROM (
  SELECT *
  FROM spans
  WHERE start_ns >= $since_ns AND start_ns < $until_ns
/*{conditions}*/
  ORDER BY start_ns, trace_id, span_id
  LIMIT $rows OFFSET $skip
) AS one
LEFT JOIN (
  SELECT trace_id, span_id, start_ns, attributes, events
  FROM contents
  WHERE start_ns >= $since_ns AND start_ns < $until_ns
) AS said ON said.span_id = one.span_id AND said.start_ns = one.start_ns AND said.trace_id = one.trace_id
ORDER BY start_ns, trace_id, span_id
