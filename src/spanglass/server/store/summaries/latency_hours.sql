-- The same by hour, from minutes.
INSERT INTO latency_hours (
  start_ns, service, environment, provider, request_model, response_model, operation, feature, prompt_name, prompt_version,
  status, measure, bin, calls
)
SELECT
  sg_time_step(start_ns, 3600000000000) * 3600000000000 AS step_ns,
  service, environment, provider, request_model, response_model, operation, feature, prompt_name, prompt_version,
  status, measure, bin, sum(calls)
FROM latency_minutes
WHERE start_ns >= $since_ns AND start_ns < $until_ns
GROUP BY
  step_ns, service, environment, provider, request_model, response_model, operation, feature, prompt_name, prompt_version,
  status, measure, bin
