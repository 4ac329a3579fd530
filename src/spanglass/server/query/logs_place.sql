-- Where a page of logs ends: the times of its records, by narrow columns alone.
SELECT time_ns
FROM logs
WHERE time_ns >= $start_ns AND time_ns < $end_ns /*{filters}*/
ORDER BY time_ns /*{order}*/
LIMIT $limit
