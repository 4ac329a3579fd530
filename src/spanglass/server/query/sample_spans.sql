-- The spans of a sample, stretch by stretch; the order within a trace is that of its start.
SELECT *
FROM (
/*{stretches}*/
) AS chosen
ORDER BY start_ns, span_id
LIMIT $most
