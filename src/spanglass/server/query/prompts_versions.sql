-- How many versions of some prompts were used.
SELECT prompt_name AS its_name, count(DISTINCT prompt_version) AS versions
FROM /*{calls}*/ AS calls
WHERE prompt_name IN (SELECT sg_each($names))
GROUP BY its_name
