-- What the spans of a service are called, by kind, most frequent first.
SELECT name, kind
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns /*{filters}*/
GROUP BY name, kind
ORDER BY count(*) DESC, name, kind
LIMIT $limit
