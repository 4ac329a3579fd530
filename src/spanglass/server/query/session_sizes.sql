-- Spans in which the messages of turns may stand, and how long their texts are.
SELECT
  one.trace_id AS trace_id, one.span_id AS span_id, one.start_ns AS start_ns, end_ns, status, operation,
  length(one.attributes) + coalesce(length(one.events), 0) + coalesce(said.size, 0) AS size
FROM (
  SELECT *
  FROM spans
  WHERE trace_key IN (/*{keys}*/) AND start_ns BETWEEN $first_ns AND $last_ns
    AND (operation IS NOT NULL OR span_id IN (SELECT sg_each($heads)))
) AS one
LEFT JOIN (
  SELECT trace_id, span_id, start_ns, coalesce(length(attributes), 0) + coalesce(length(events), 0) AS size
  FROM contents
  WHERE trace_key IN (/*{keys}*/) AND start_ns BETWEEN $first_ns AND $last_ns
) AS said ON said.trace_id = one.trace_id AND said.span_id = one.span_id AND said.start_ns = one.start_ns
ORDER BY start_ns DESC
LIMIT $most
