-- What some spans say, with what was said in them.
SELECT
  one.trace_id AS trace_id, one.span_id AS span_id, one.start_ns AS start_ns, end_ns, name, scope_name, received_ns,
  one.attributes AS attributes, one.events AS events,
  said.attributes AS content_attributes, said.events AS content_events
FROM (
  SELECT *
  FROM spans
  WHERE trace_key IN (/*{keys}*/) AND start_ns BETWEEN $first_ns AND $last_ns
    AND span_id IN (SELECT sg_each($span_ids))
) AS one
LEFT JOIN (
  SELECT trace_id, span_id, start_ns, attributes, events
  FROM contents
  WHERE trace_key IN (/*{keys}*/) AND start_ns BETWEEN $first_ns AND $last_ns
) AS said ON said.trace_id = one.trace_id AND said.span_id = one.span_id AND said.start_ns = one.start_ns
