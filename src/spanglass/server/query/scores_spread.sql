-- How the numbers of scores are spread.
SELECT name, sg_percentiles(score) AS spread
FROM (
/*{given}*/
) AS given
WHERE score IS NOT NULL
GROUP BY name
