-- The attributes of the newest spans of a slice of the range; long ones are left out.
SELECT
  CASE WHEN length(attributes) <= $longest THEN attributes END AS span_attributes,
  CASE WHEN length(resource) <= $longest THEN resource END AS resource_attributes
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns /*{filters}*/
ORDER BY start_ns DESC, trace_key, span_id
LIMIT $limit OFFSET $skip
