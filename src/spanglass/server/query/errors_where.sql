-- Where spans of some groups failed.
SELECT error_group, service, provider, coalesce(request_model, response_model) AS model, count(*) AS spans
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND error_group IS NOT NULL /*{filters}*/
GROUP BY error_group, service, provider, model
ORDER BY spans DESC, service, provider, model
LIMIT $most
