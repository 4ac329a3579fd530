-- How many items of each of some sources are stored.
SELECT resource, count(*) AS stored
FROM /*{table}*/
WHERE /*{time}*/ >= $since_ns AND resource IN (SELECT sg_each($resources))
GROUP BY resource
