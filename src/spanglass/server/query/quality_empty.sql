-- Answers of no tokens that were told to be a success.
SELECT
  sg_time_step(start_ns, $step_ns) AS step, provider, coalesce(request_model, response_model) AS model,
  count(*) AS empty, sg_earliest(trace_id, -start_ns) AS latest_trace, max(start_ns) AS last_ns
FROM spans
WHERE output_tokens = 0 AND status <> 'error' AND operation IS NOT NULL
  AND operation NOT IN ('embeddings', 'rerank', 'count_tokens')
  AND start_ns >= $start_ns AND start_ns < $end_ns /*{filters}*/
GROUP BY step, provider, model
