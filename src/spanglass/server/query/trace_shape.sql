-- What the tree of a trace needs of its spans, and how long the texts of each are; content is shown twice, as it was sent
-- and in one shape for all.
SELECT
  one.span_id AS span_id, parent_span_id, one.start_ns AS start_ns, end_ns, work,
  length(one.attributes) + length(resource) + coalesce(length(one.events), 0) + coalesce(length(links), 0)
    + 2 * coalesce(said.size, 0) AS size
FROM (SELECT * FROM spans WHERE trace_key = $trace_key AND trace_id = $trace_id) AS one
LEFT JOIN (
  SELECT span_id, start_ns, coalesce(length(attributes), 0) + coalesce(length(events), 0) AS size
  FROM contents
  WHERE trace_key = $trace_key AND trace_id = $trace_id
) AS said ON said.span_id = one.span_id AND said.start_ns = one.start_ns
ORDER BY start_ns, span_id
LIMIT $most
