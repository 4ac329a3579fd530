-- What users said, in words and numbers.
SELECT label, score, count(*) AS times
FROM (
/*{given}*/
) AS given
WHERE source = 'user'
GROUP BY label, score
ORDER BY times DESC
LIMIT $most
