-- Some spans of some traces, with all that was received of them.
SELECT
  one.trace_id AS trace_id, one.span_id AS span_id, parent_span_id, name, kind, one.start_ns AS start_ns, end_ns,
  status, status_message, trace_state, service, scope_name, scope_version, cost_state, cost_amount,
  one.attributes AS attributes, resource, one.events AS events, links,
  /*{said_columns}*/
FROM (
  SELECT *
  FROM spans
  WHERE trace_key IN (/*{keys}*/) AND start_ns BETWEEN $first_ns AND $last_ns
    AND span_id IN (SELECT sg_each($span_ids))
) AS one
/*{said}*/
