-- The records of a page in their order, each with the length of its texts. Records of one time have an order, too, so
-- that pages agree.
SELECT time_ns, length(concat(attributes, resource, coalesce(body, ''))) AS texts
FROM logs
WHERE time_ns >= $start_ns AND time_ns < $end_ns /*{filters}*/
ORDER BY time_ns /*{order}*/, sg_key(attributes, resource, body), span_id
LIMIT $limit OFFSET $skip
