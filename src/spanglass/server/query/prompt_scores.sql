-- The scores of the calls of each version of a prompt; a score that was sent again counts once.
SELECT prompt_version AS its_version, given.name AS name, count(*) AS times, avg(given.score) AS mean
FROM (
  SELECT DISTINCT trace_key, span_id, time_ns, name, score, label
  FROM scores
  WHERE time_ns >= $start_ns AND trace_key IS NOT NULL
) AS given
JOIN (
  SELECT trace_key, span_id, prompt_version
  FROM spans
  WHERE operation IS NOT NULL AND prompt_name = $prompt AND start_ns >= $start_ns AND start_ns < $end_ns
    /*{filters}*/
) AS asked ON asked.trace_key = given.trace_key AND asked.span_id = given.span_id
GROUP BY its_version, given.name
ORDER BY its_version, name
LIMIT 2000
