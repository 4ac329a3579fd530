-- How many spans were received since and satisfy what is asked.
SELECT count(*) AS spans
FROM spans
WHERE received_ns > $since_ns /*{filters}*/
