-- How many users called.
SELECT count(DISTINCT user_id) AS users
FROM /*{calls}*/ AS calls
