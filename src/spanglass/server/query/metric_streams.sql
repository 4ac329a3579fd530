-- The points of a metric's counts, each with that before it in its stream: a series since one start. A delta stands for
-- itself. `whole` is exact; `real` is the same as a float, or what was never whole. `fell` is a start that was not told.
SELECT
  series, stream_ns, time_ns, is_delta, whole, real, total, was_whole, was_real, was_total,
  stream_ns >= $since_ns AND stream_ns < time_ns AS starts,
  CASE WHEN is_delta = 0 AND rises AND real < was_real THEN 1 ELSE 0 END AS fell
FROM (
  SELECT
    series, stream_ns, time_ns, is_delta, rises, whole, real, total_real AS total,
    lag(whole) OVER (PARTITION BY series, stream_ns ORDER BY time_ns) AS was_whole,
    lag(real) OVER (PARTITION BY series, stream_ns ORDER BY time_ns) AS was_real,
    lag(total_real) OVER (PARTITION BY series, stream_ns ORDER BY time_ns) AS was_total
  FROM (
    SELECT
      sg_key(attributes, resource, scope_name) AS series,
      CASE WHEN temporality = 'delta' THEN 0 ELSE coalesce(start_ns, 0) END AS stream_ns,
      time_ns,
      CASE WHEN temporality = 'delta' THEN 1 ELSE 0 END AS is_delta,
      coalesce(monotonic, true) AS rises,
      CAST(coalesce(value_int, count) AS DECIMAL(38, 0)) AS whole,
      coalesce(CAST(coalesce(value_int, count) AS DOUBLE), value_double) AS real,
      total AS total_real
    FROM points
    WHERE name = $name AND time_ns >= $since_ns AND time_ns < $end_ns /*{filters}*/
  ) AS measured
) AS followed
