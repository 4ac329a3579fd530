-- What was measured of each call, as rows of a summary.
SELECT start_ns/*{keys}*/, 'duration' AS measure, sg_bin(end_ns - start_ns) AS bin, 1 AS calls
FROM spans
WHERE operation IS NOT NULL AND /*{bounds}*/ /*{filters}*/
UNION ALL
SELECT start_ns/*{keys}*/, 'first_token' AS measure, sg_bin(first_token_ns) AS bin, 1 AS calls
FROM spans
WHERE operation IS NOT NULL AND first_token_ns IS NOT NULL AND /*{bounds}*/ /*{filters}*/
