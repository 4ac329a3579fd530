-- When the next of what is asked for is.
SELECT min(/*{time}*/) AS moment
FROM /*{table}*/
WHERE /*{time}*/ >= $since_ns AND /*{time}*/ < $until_ns
/*{conditions}*/
