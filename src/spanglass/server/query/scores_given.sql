-- Scores; one that was sent again counts once.
SELECT DISTINCT time_ns, trace_key, trace_id, span_id, response_id, name, score, label, source
FROM scores
WHERE time_ns >= $since_ns AND time_ns < $end_ns /*{filters}*/
