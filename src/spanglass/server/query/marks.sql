-- Up to when what was done.
SELECT name, max(until_ns) AS reached_ns FROM marks GROUP BY name
