-- Traces that failed: their root did or, without a root, any span did. What began an hour before the slice is not seen.
SELECT trace_key
FROM spans
WHERE start_ns >= $start_ns - 3600000000000 AND trace_key IN (
  SELECT trace_key
  FROM spans
  WHERE start_ns >= $start_ns - 3600000000000 AND status = 'error'
)
GROUP BY trace_key
HAVING max(CASE WHEN parent_span_id IS NULL AND status = 'error' THEN 1 ELSE 0 END) = 1
  OR max(CASE WHEN parent_span_id IS NULL THEN 1 ELSE 0 END) = 0
