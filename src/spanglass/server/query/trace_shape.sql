-- What the tree of a trace needs of its spans, and how long the texts of each are.
SELECT
  span_id, parent_span_id, start_ns, end_ns, work,
  length(attributes) + length(resource) + coalesce(length(events), 0) + coalesce(length(links), 0) AS size
FROM spans
WHERE trace_key = $trace_key AND trace_id = $trace_id
ORDER BY start_ns, span_id
LIMIT $most
