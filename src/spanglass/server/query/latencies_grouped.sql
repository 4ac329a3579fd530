-- How many model calls fell into each bin, by some keys.
SELECT
  /*{keys}*/
  measure, bin, sum(calls) AS all_calls
FROM /*{latencies}*/ AS latencies
/*{among}*/
GROUP BY /*{groups}*/ measure, bin
