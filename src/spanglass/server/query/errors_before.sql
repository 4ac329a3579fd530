-- Which of some groups were there before.
SELECT DISTINCT error_group
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND error_group IS NOT NULL /*{filters}*/
