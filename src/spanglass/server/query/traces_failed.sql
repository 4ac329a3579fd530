-- Traces that failed: their root did or, without a root, any span did.
SELECT trace_key
FROM spans
WHERE trace_key IN (SELECT trace_key FROM spans WHERE status = 'error')
GROUP BY trace_key
HAVING max(CASE WHEN parent_span_id IS NULL AND status = 'error' THEN 1 ELSE 0 END) = 1
  OR max(CASE WHEN parent_span_id IS NULL THEN 1 ELSE 0 END) = 0
