-- Failures of some groups over time, and how many of them a later attempt at the same made good. Attempts are siblings;
-- where nothing is around them, the later ones are below the first.
SELECT
  failed.error_group AS failed_group,
  sg_time_step(failed.start_ns, $step_ns) AS step,
  count(*) AS failures,
  sum(CASE WHEN beside.latest_ns >= failed.end_ns OR below.latest_ns >= failed.end_ns THEN 1 ELSE 0 END) AS recovered
FROM (
/*{deepest}*/
) AS failed
LEFT JOIN (
/*{retried}*/
) AS beside ON beside.trace_key = failed.trace_key AND beside.parent_span_id = failed.parent_span_id
  AND beside.model = failed.model
LEFT JOIN (
/*{retried}*/
) AS below ON below.trace_key = failed.trace_key AND below.parent_span_id = failed.span_id
  AND below.model = failed.model
GROUP BY failed_group, step
