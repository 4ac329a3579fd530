-- What the questions ask for beside the calls themselves, and summaries that outlive the rows they were made of.
ALTER TABLE spans ADD COLUMN agent_name VARCHAR
;
ALTER TABLE spans ADD COLUMN tool_name VARCHAR
;
ALTER TABLE spans ADD COLUMN tags VARCHAR                    -- JSON array, NULL when empty
;
ALTER TABLE spans ADD COLUMN error_message VARCHAR
;
ALTER TABLE spans ADD COLUMN error_group VARCHAR             -- 16 hex digits that errors of one cause share
;
ALTER TABLE spans ADD COLUMN received_ns BIGINT
;
-- What was said, apart from the rest so that it can go sooner; one row for a span that has any. Spans written before
-- this table hold theirs among their attributes and events.
CREATE TABLE contents (
  trace_key BIGINT NOT NULL,
  trace_id VARCHAR NOT NULL,
  span_id VARCHAR NOT NULL,
  start_ns BIGINT NOT NULL,
  attributes VARCHAR,                   -- JSON object
  events VARCHAR                        -- JSON array
)
;
CREATE TABLE scores (
  time_ns BIGINT NOT NULL,
  trace_key BIGINT,
  trace_id VARCHAR,
  span_id VARCHAR,
  response_id VARCHAR,
  name VARCHAR NOT NULL,
  score DOUBLE,
  label VARCHAR,
  explanation VARCHAR,
  source VARCHAR,
  service VARCHAR,
  environment VARCHAR
)
;
-- Sums of model calls. A row adds to others of the same minute and dimensions; unknown sums are NULL.
CREATE TABLE call_minutes (
  start_ns BIGINT NOT NULL,
  service VARCHAR,
  environment VARCHAR,
  provider VARCHAR,
  request_model VARCHAR,
  response_model VARCHAR,
  operation VARCHAR,
  feature VARCHAR,
  prompt_name VARCHAR,
  prompt_version VARCHAR,
  finish_reasons VARCHAR,
  error_type VARCHAR,
  status VARCHAR,
  attempts BIGINT,
  retries BIGINT,
  failed BIGINT,
  cut_short BIGINT,                     -- answers that ended before their terminal event
  tokens_input BIGINT,
  tokens_output BIGINT,
  tokens_cache_read BIGINT,
  tokens_cache_write BIGINT,
  tokens_reasoning BIGINT,
  cost DECIMAL(38, 18),
  cost_reported DECIMAL(38, 18),
  cost_computed DECIMAL(38, 18),
  cost_estimated DECIMAL(38, 18),
  billed BIGINT,
  unpriced BIGINT
)
;
CREATE TABLE call_hours AS FROM call_minutes LIMIT 0
;
-- The same by user, whose number has no bound.
CREATE TABLE user_hours AS SELECT *, CAST(NULL AS VARCHAR) AS user_id FROM call_minutes LIMIT 0
;
-- How many calls took how long: bins of `sg_bin`, the sketch that percentiles and heat maps are read from.
CREATE TABLE latency_minutes (
  start_ns BIGINT NOT NULL,
  service VARCHAR,
  environment VARCHAR,
  provider VARCHAR,
  request_model VARCHAR,
  response_model VARCHAR,
  operation VARCHAR,
  feature VARCHAR,
  prompt_name VARCHAR,
  prompt_version VARCHAR,
  status VARCHAR,
  measure VARCHAR NOT NULL,             -- duration or first_token
  bin SMALLINT NOT NULL,
  calls BIGINT NOT NULL
)
;
CREATE TABLE latency_hours AS FROM latency_minutes LIMIT 0
;
-- Times up to which something was done, Unix ns; the highest of a name counts.
CREATE TABLE marks (
  name VARCHAR NOT NULL,                -- summarised, spans_gone, contents_gone, logs_gone, points_gone, minutes_gone
  until_ns BIGINT NOT NULL
)
;
-- Minutes that were summarised before the last of their spans came.
CREATE TABLE stale_minutes (
  start_ns BIGINT NOT NULL,
  noted_ns BIGINT NOT NULL
)
;
