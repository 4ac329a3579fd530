-- Which spans some traces have, the first of each trace, and how long the texts of each are.
SELECT trace_key, trace_id, span_id, start_ns, end_ns, size, total
FROM (
  SELECT
    one.trace_key AS trace_key, one.trace_id AS trace_id, one.span_id AS span_id, one.start_ns AS start_ns,
    one.end_ns AS end_ns,
    length(one.attributes) + coalesce(length(one.events), 0) + coalesce(length(one.links), 0) /*{said_size}*/ AS size,
    row_number() OVER (PARTITION BY one.trace_id ORDER BY one.start_ns, one.span_id) AS place,
    count(*) OVER (PARTITION BY one.trace_id) AS total
  FROM (SELECT * FROM spans WHERE trace_key IN (/*{keys}*/) /*{ids}*/) AS one
  /*{said}*/
) AS numbered
WHERE place <= $most
ORDER BY trace_id, place
