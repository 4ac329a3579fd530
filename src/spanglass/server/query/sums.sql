-- What calls used and cost, for the list of a SELECT over spans.
sum(input_tokens) AS tokens_input,
sum(output_tokens) AS tokens_output,
sum(cache_read_tokens) AS tokens_cache_read,
sum(cache_write_tokens) AS tokens_cache_write,
sum(reasoning_tokens) AS tokens_reasoning,
sum(cost_amount) AS cost,
sum(CASE WHEN cost_state = 'reported' THEN cost_amount END) AS cost_reported,
sum(CASE WHEN cost_state = 'computed' THEN cost_amount END) AS cost_computed,
sum(CASE WHEN cost_state = 'estimated' THEN cost_amount END) AS cost_estimated,
count(cost_state) AS billed,
count(CASE WHEN cost_state = 'unpriced' THEN 1 END) AS unpriced
