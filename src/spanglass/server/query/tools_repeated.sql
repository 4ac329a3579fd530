-- Leaves out what a tool's client or server tells again of a call that a span around it has told of.
AND NOT (kind IN ('client', 'server') AND (trace_key, span_id) IN (
  SELECT below.trace_key, below.span_id
  FROM (
    SELECT trace_key, span_id, tool_name
    FROM spans
    WHERE start_ns >= $start_ns AND start_ns < $end_ns AND work = 'tool'
  ) AS above
  JOIN (
    SELECT trace_key, span_id, parent_span_id, tool_name
    FROM spans
    WHERE start_ns >= $start_ns AND start_ns < $end_ns AND work = 'tool' AND kind IN ('client', 'server')
      AND parent_span_id IS NOT NULL
  ) AS below ON below.trace_key = above.trace_key AND below.parent_span_id = above.span_id
    AND below.tool_name = above.tool_name
))
