-- The bytes of another table by time.
SELECT /*{time}*/ AS moment, sum(/*{size}*/) AS bytes
FROM /*{table}*/
WHERE /*{time}*/ >= $since_ns AND /*{time}*/ < $until_ns
GROUP BY moment
