-- The spans that were received last and satisfy what is asked, in a few words each.
SELECT /*{columns}*/, received_ns
FROM spans
WHERE received_ns > $since_ns /*{filters}*/
ORDER BY received_ns DESC, start_ns DESC, span_id DESC
LIMIT $limit
