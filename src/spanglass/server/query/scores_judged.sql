-- Scores by the model and the prompt of the call that was judged.
SELECT
  given.name AS judged_name, provider, model, prompt_name, prompt_version,
  count(*) AS times,
  count(given.score) AS numbers,
  sum(given.score) AS total
FROM (
/*{given}*/
) AS given
JOIN (
  SELECT
    trace_key, span_id, provider, coalesce(request_model, response_model) AS model, prompt_name, prompt_version
  FROM spans
  WHERE operation IS NOT NULL AND start_ns >= $spans_ns AND start_ns < $end_ns
) AS called ON called.trace_key = given.trace_key AND called.span_id = given.span_id
GROUP BY judged_name, provider, model, prompt_name, prompt_version
ORDER BY times DESC, judged_name, provider, model, prompt_name, prompt_version
LIMIT $most
