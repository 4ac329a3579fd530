-- How many spans some traces have, and when the first and the last of them start.
SELECT trace_key, count(*) AS size, min(start_ns) AS since_ns, max(start_ns) AS until_ns
FROM spans
WHERE trace_key IN (/*{keys}*/)
GROUP BY trace_key
