-- The models that answered for each that was asked for.
SELECT
  provider AS its_provider,
  coalesce(request_model, response_model) AS its_model,
  sg_distinct_values(response_model) AS answered_by
FROM /*{calls}*/ AS calls
/*{among}*/
GROUP BY its_provider, its_model
