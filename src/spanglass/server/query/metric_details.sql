-- The details of the last point of each stream of a metric in each step of time, after each fall anew. Step -1 is what
-- was held before the first that counts. Streams are followed by narrow columns; details join them at the end.
SELECT series, stream_ns, run, step, last_ns, max(details) AS last_details
FROM (
  SELECT series, stream_ns, run, step, max(time_ns) AS last_ns
  FROM (
    SELECT
      series, stream_ns, time_ns,
      CAST(sum(fell) OVER (PARTITION BY series, stream_ns ORDER BY time_ns) AS BIGINT) AS run,
      CASE WHEN time_ns < $start_ns OR (was_real IS NULL AND NOT starts) THEN -1
           ELSE sg_time_step(time_ns, $step_ns) END AS step
    FROM (
/*{streams}*/
    ) AS streams
  ) AS runs
  GROUP BY series, stream_ns, run, step
) AS ends
JOIN (
  SELECT
    sg_key(attributes, resource, scope_name) AS told_series,
    coalesce(start_ns, 0) AS told_stream_ns,
    time_ns AS told_ns,
    details
  FROM points
  WHERE name = $name AND time_ns >= $since_ns AND time_ns < $end_ns /*{filters}*/
) AS told ON told_series = series AND told_stream_ns = stream_ns AND told_ns = last_ns
GROUP BY series, stream_ns, run, step, last_ns
ORDER BY series, stream_ns, run, step
LIMIT $limit
