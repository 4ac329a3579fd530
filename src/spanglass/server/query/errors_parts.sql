-- Failures by everything they are told apart by, most first.
SELECT service, environment, feature, provider, model, error_type, error_message, count(*) AS failures
FROM (
/*{deepest}*/
) AS failed
GROUP BY service, environment, feature, provider, model, error_type, error_message
ORDER BY failures DESC
LIMIT $most
