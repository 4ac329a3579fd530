-- By how much the counts of a metric grew, by series (or all together) and step of time. What a stream held before it
-- was first seen is unknown and not counted, unless it began since then.
SELECT
  /*{series}*/ AS line, step,
  sum(CASE WHEN counted_from = 'itself' THEN whole
           WHEN counted_from = 'before' THEN whole - was_whole END) AS grown_whole,
  sum(CASE WHEN counted_from = 'itself' THEN real
           WHEN counted_from = 'before' THEN real - was_real END) AS grown_real,
  sum(CASE WHEN counted_from = 'itself' THEN total
           WHEN counted_from = 'before' THEN total - was_total END) AS grown_total,
  sum(CASE WHEN total IS NULL THEN NULL WHEN counted_from = 'itself' THEN whole
           WHEN was_total IS NOT NULL THEN whole - was_whole END) AS grown_summed,
  sum(CASE WHEN counted_from = 'before' AND (whole IS NULL OR was_whole IS NULL) THEN 1
           WHEN counted_from = 'itself' AND whole IS NULL THEN 1 ELSE 0 END) AS inexact
FROM (
  SELECT
    *,
    sg_time_step(time_ns, $step_ns) AS step,
    CASE WHEN is_delta = 1 OR fell = 1 OR (was_real IS NULL AND starts) THEN 'itself'
         WHEN was_real IS NOT NULL THEN 'before' END AS counted_from
  FROM (
/*{streams}*/
  ) AS streams
  WHERE time_ns >= $start_ns
) AS counted
WHERE counted_from IS NOT NULL
GROUP BY line, step
ORDER BY step DESC, line
LIMIT $limit
