-- The scores of one trace: those that name it, and those that name only a response of it. A span that was sent again may
-- have brought the same once more.
SELECT DISTINCT time_ns, span_id, response_id, name, score, label, explanation, source
FROM scores
WHERE (trace_key = $trace_key AND trace_id = $trace_id)
  OR (trace_id IS NULL AND response_id IN (
    SELECT response_id
    FROM spans
    WHERE trace_key = $trace_key AND trace_id = $trace_id AND response_id IS NOT NULL
  ))
ORDER BY time_ns, name
LIMIT $most
