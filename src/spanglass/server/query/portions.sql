-- Times and sizes of what is in a stretch of time, the earliest first.
SELECT /*{time}*/ AS moment, /*{size}*/ AS bytes
FROM /*{table}*/
WHERE /*{time}*/ >= $since_ns AND /*{time}*/ < $until_ns
/*{conditions}*/
ORDER BY moment
LIMIT $most
