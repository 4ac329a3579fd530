-- A page of the names of metrics that have points in a range.
SELECT name
FROM points
WHERE time_ns >= $start_ns AND time_ns < $end_ns /*{filters}*/
GROUP BY name
ORDER BY name
LIMIT $limit OFFSET $offset
