-- The details of a metric's points: of a delta each point's, else the last of each stream in each step of time, after
-- each fall anew. Step -1 is what was held before the first that counts.
SELECT
  series, stream_ns, run, step, is_delta,
  sg_earliest(held_details, -time_ns) AS last_details,
  max(time_ns) AS last_ns
FROM (
  SELECT
    series, stream_ns, time_ns, held_details, is_delta,
    CASE WHEN is_delta = 1 THEN time_ns
         ELSE CAST(sum(fell) OVER (PARTITION BY series, stream_ns ORDER BY time_ns) AS BIGINT) END AS run,
    CASE WHEN time_ns < $start_ns OR (is_delta = 0 AND was_real IS NULL AND NOT starts) THEN -1
         ELSE sg_time_step(time_ns, $step_ns) END AS step
  FROM (
/*{streams}*/
  ) AS streams
  WHERE is_delta = 0 OR time_ns >= $start_ns
) AS runs
GROUP BY series, stream_ns, run, step, is_delta
ORDER BY series, stream_ns, run, step
LIMIT $limit
