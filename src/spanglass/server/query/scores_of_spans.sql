-- Narrows scores to those of spans that satisfy conditions.
SELECT trace_key, span_id
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns /*{filters}*/
