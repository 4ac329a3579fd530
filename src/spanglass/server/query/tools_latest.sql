-- The latest calls of some tools, which start at these times, in full.
SELECT tool_name AS tool, start_ns, trace_id, span_id, status, error_type, error_message
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND start_ns IN (/*{times}*/) AND work = 'tool'
  AND tool_name IN (/*{tools}*/) /*{filters}*/
ORDER BY span_id
