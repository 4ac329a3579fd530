-- The models that each version of a prompt was asked of.
SELECT DISTINCT prompt_version AS its_version, coalesce(request_model, response_model) AS model
FROM /*{calls}*/ AS calls
WHERE prompt_name = $prompt AND coalesce(request_model, response_model) IS NOT NULL
ORDER BY its_version, model
LIMIT 500
