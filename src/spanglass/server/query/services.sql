-- The values one dimension took in a range, for a menu.
SELECT DISTINCT /*{dimension}*/ AS seen
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND /*{dimension}*/ IS NOT NULL
ORDER BY seen
LIMIT $limit
