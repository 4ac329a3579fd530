-- The scores of one trace: those that name it, and those that name only a response of it. A span that was sent again may
-- have brought the same once more. Nothing is judged before it began, but for clocks that differ a little.
SELECT DISTINCT time_ns, span_id, response_id, name, score, label, explanation, source
FROM scores
WHERE time_ns >= $first_ns - 60000000000
  AND ((trace_key = $trace_key AND trace_id = $trace_id)
    OR (trace_id IS NULL AND response_id IN (
      SELECT response_id
      FROM spans
      WHERE trace_key = $trace_key AND trace_id = $trace_id AND start_ns BETWEEN $first_ns AND $last_ns
        AND response_id IS NOT NULL
    )))
ORDER BY time_ns, name
LIMIT $most
