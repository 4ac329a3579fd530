-- Sessions of which a span in the range failed, be it one that does not name the session.
SELECT session_id
FROM spans
WHERE session_id IS NOT NULL AND start_ns >= $range_ns AND start_ns < $end_ns
  AND trace_key IN (
    SELECT trace_key FROM spans WHERE status = 'error' AND start_ns >= $range_ns AND start_ns < $end_ns
  )
