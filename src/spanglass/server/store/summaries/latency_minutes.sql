-- How many calls of a minute took how long, and how long their first content took.
INSERT INTO latency_minutes (
  start_ns, service, environment, provider, request_model, response_model, operation, feature, prompt_name, prompt_version,
  status, measure, bin, calls
)
SELECT
  sg_time_step(start_ns, 60000000000) * 60000000000 AS step_ns,
  service, environment, provider, request_model, response_model, operation, feature, prompt_name, prompt_version,
  status, measure, sg_bin(lasted_ns) AS its_bin, count(*)
FROM (
  SELECT *, 'duration' AS measure, end_ns - start_ns AS lasted_ns
  FROM spans
  WHERE operation IS NOT NULL AND start_ns >= $since_ns AND start_ns < $until_ns
  UNION ALL
  SELECT *, 'first_token' AS measure, first_token_ns AS lasted_ns
  FROM spans
  WHERE operation IS NOT NULL AND start_ns >= $since_ns AND start_ns < $until_ns AND first_token_ns IS NOT NULL
) AS measured
GROUP BY
  step_ns, service, environment, provider, request_model, response_model, operation, feature, prompt_name, prompt_version,
  status, measure, its_bin
