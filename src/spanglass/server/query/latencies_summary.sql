-- Rows of a summary of what was measured.
SELECT start_ns/*{keys}*/, measure, bin, calls
FROM /*{table}*/
WHERE /*{bounds}*/ /*{filters}*/
