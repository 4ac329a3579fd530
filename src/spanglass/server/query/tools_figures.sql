-- How long calls of some tools took, in bins, by who called.
SELECT tool_name AS tool, agent_name AS agent, sg_bin(end_ns - start_ns) AS bin, count(*) AS calls
FROM spans
WHERE start_ns >= $start_ns AND start_ns < $end_ns AND work = 'tool' AND tool_name IN (/*{tools}*/)
  /*{filters}*/
GROUP BY tool, agent, bin
ORDER BY calls DESC
LIMIT $most
