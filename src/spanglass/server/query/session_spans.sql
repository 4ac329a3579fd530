-- The spans of the traces in which some sessions are named, and of which session each is: the one it names, else the one
-- its trace names (the last in order of the alphabet, should there be several).
SELECT /*{columns}*/, coalesce(session_id, max(session_id) OVER (PARTITION BY trace_key, trace_id)) AS of_session
FROM spans
WHERE start_ns >= $since_ns AND start_ns < $end_ns
  AND trace_key IN (
    SELECT trace_key
    FROM spans
    WHERE session_id IN (SELECT sg_each($session_ids)) AND start_ns >= $since_ns AND start_ns < $end_ns
  )
