-- The details of a metric's deltas; each stands for itself.
SELECT sg_key(attributes, resource, scope_name) AS series, sg_time_step(time_ns, $step_ns) AS step, details AS last_details
FROM points
WHERE name = $name AND time_ns >= $start_ns AND time_ns < $end_ns /*{filters}*/
LIMIT $limit
