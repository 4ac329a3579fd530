-- The columns of the DuckDB migration of the same name, which says what they mean.
-- Summaries are written whole for a minute or an hour, and replaced by the latest version.
-- The tables of 0001 are made again, a part for each day: a day that is too old goes as a file is deleted, rows of two
-- days are never merged, and a question reads the days of its range. What they hold is taken along.
-- Hours are kept for years: a part for each month. Days and months are those of UTC, whatever the server's time zone.
ALTER TABLE spans
  ADD COLUMN IF NOT EXISTS agent_name LowCardinality(Nullable(String)),
  ADD COLUMN IF NOT EXISTS tool_name LowCardinality(Nullable(String)),
  ADD COLUMN IF NOT EXISTS tags LowCardinality(Nullable(String)),
  ADD COLUMN IF NOT EXISTS error_message Nullable(String),
  ADD COLUMN IF NOT EXISTS error_group LowCardinality(Nullable(String)),
  ADD COLUMN IF NOT EXISTS received_ns Nullable(Int64)
;
CREATE OR REPLACE TABLE spans (
  trace_key Int64,
  trace_id String,
  span_id String,
  parent_span_id Nullable(String),
  name LowCardinality(String),
  kind LowCardinality(String),
  work LowCardinality(String),
  start_ns Int64 CODEC(Delta, ZSTD(1)),
  end_ns Int64 CODEC(Delta, ZSTD(1)),
  status LowCardinality(String),
  status_message Nullable(String) CODEC(ZSTD(1)),
  trace_state Nullable(String),
  error_type LowCardinality(Nullable(String)),
  service LowCardinality(Nullable(String)),
  environment LowCardinality(Nullable(String)),
  scope_name LowCardinality(Nullable(String)),
  scope_version LowCardinality(Nullable(String)),
  user_id Nullable(String),
  session_id Nullable(String),
  feature LowCardinality(Nullable(String)),
  prompt_name LowCardinality(Nullable(String)),
  prompt_version LowCardinality(Nullable(String)),
  operation LowCardinality(Nullable(String)),
  provider LowCardinality(Nullable(String)),
  request_model LowCardinality(Nullable(String)),
  response_model LowCardinality(Nullable(String)),
  response_id Nullable(String),
  finish_reasons LowCardinality(Nullable(String)),
  service_tier LowCardinality(Nullable(String)),
  stream Nullable(Bool),
  incomplete Nullable(Bool),
  first_chunk_ns Nullable(Int64),
  first_token_ns Nullable(Int64),
  resend_count Nullable(Int64),
  usage_estimated Nullable(Bool),
  input_tokens Nullable(Int64),
  output_tokens Nullable(Int64),
  cache_read_tokens Nullable(Int64),
  cache_write_tokens Nullable(Int64),
  cache_write_1h_tokens Nullable(Int64),
  reasoning_tokens Nullable(Int64),
  usage_details Nullable(String),
  cost_state LowCardinality(Nullable(String)),
  cost_amount Nullable(Decimal(38, 18)),
  cost_input Nullable(Decimal(38, 18)),
  cost_output Nullable(Decimal(38, 18)),
  cost_source LowCardinality(Nullable(String)),
  cost_price_id LowCardinality(Nullable(String)),
  cost_table LowCardinality(Nullable(String)),
  cost_currency LowCardinality(Nullable(String)),
  producer_cost Nullable(Decimal(38, 18)),
  attributes String CODEC(ZSTD(1)),
  resource LowCardinality(String),
  events Nullable(String) CODEC(ZSTD(1)),
  links Nullable(String) CODEC(ZSTD(1)),
  agent_name LowCardinality(Nullable(String)),
  tool_name LowCardinality(Nullable(String)),
  tags LowCardinality(Nullable(String)),
  error_message Nullable(String) CODEC(ZSTD(1)),
  error_group LowCardinality(Nullable(String)),
  received_ns Nullable(Int64),
  INDEX by_trace trace_key TYPE bloom_filter(0.001) GRANULARITY 1,
  INDEX by_user user_id TYPE bloom_filter(0.001) GRANULARITY 1,
  INDEX by_session session_id TYPE bloom_filter(0.001) GRANULARITY 1,
  INDEX by_response response_id TYPE bloom_filter(0.001) GRANULARITY 1,
  INDEX by_status status TYPE set(8) GRANULARITY 1,
  INDEX by_error error_group TYPE set(64) GRANULARITY 1,
  INDEX by_arrival received_ns TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(fromUnixTimestamp64Nano(start_ns, 'UTC'))
ORDER BY (start_ns, trace_id, span_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1
AS SELECT * FROM spans
;
CREATE OR REPLACE TABLE logs (
  time_ns Int64 CODEC(Delta, ZSTD(1)),
  severity Int32,
  severity_text LowCardinality(Nullable(String)),
  event_name LowCardinality(Nullable(String)),
  body Nullable(String) CODEC(ZSTD(1)),
  trace_id Nullable(String),
  span_id Nullable(String),
  service LowCardinality(Nullable(String)),
  environment LowCardinality(Nullable(String)),
  scope_name LowCardinality(Nullable(String)),
  scope_version LowCardinality(Nullable(String)),
  attributes String CODEC(ZSTD(1)),
  resource LowCardinality(String),
  batch String,
  place Int64,
  INDEX by_trace trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
  INDEX by_severity severity TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(fromUnixTimestamp64Nano(time_ns, 'UTC'))
ORDER BY (time_ns, batch, place)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1
AS SELECT * FROM logs
;
CREATE OR REPLACE TABLE points (
  name LowCardinality(String),
  unit LowCardinality(Nullable(String)),
  kind LowCardinality(String),
  temporality LowCardinality(Nullable(String)),
  monotonic Nullable(Bool),
  start_ns Nullable(Int64),
  time_ns Int64 CODEC(Delta, ZSTD(1)),
  value_int Nullable(Int64),
  value_double Nullable(Float64),
  count Nullable(Int64),
  total Nullable(Float64),
  details Nullable(String) CODEC(ZSTD(1)),
  service LowCardinality(Nullable(String)),
  environment LowCardinality(Nullable(String)),
  scope_name LowCardinality(Nullable(String)),
  scope_version LowCardinality(Nullable(String)),
  attributes String CODEC(ZSTD(1)),
  resource LowCardinality(String),
  batch String,
  place Int64
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(fromUnixTimestamp64Nano(time_ns, 'UTC'))
ORDER BY (name, time_ns, batch, place)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1
AS SELECT * FROM points
;
CREATE TABLE IF NOT EXISTS contents (
  trace_key Int64,
  trace_id String,
  span_id String,
  start_ns Int64,
  attributes Nullable(String) CODEC(ZSTD(1)),
  events Nullable(String) CODEC(ZSTD(1)),
  INDEX by_trace trace_key TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(fromUnixTimestamp64Nano(start_ns, 'UTC'))
ORDER BY (start_ns, trace_id, span_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1
;
CREATE TABLE IF NOT EXISTS scores (
  time_ns Int64,
  trace_key Nullable(Int64),
  trace_id Nullable(String),
  span_id Nullable(String),
  response_id Nullable(String),
  name LowCardinality(String),
  score Nullable(Float64),
  label LowCardinality(Nullable(String)),
  explanation Nullable(String),
  source LowCardinality(Nullable(String)),
  service LowCardinality(Nullable(String)),
  environment LowCardinality(Nullable(String)),
  batch String,
  place Int64,
  INDEX by_trace trace_key TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(fromUnixTimestamp64Nano(time_ns, 'UTC'))
ORDER BY (time_ns, batch, place)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
CREATE TABLE IF NOT EXISTS call_minutes (
  start_ns Int64,
  service LowCardinality(Nullable(String)),
  environment LowCardinality(Nullable(String)),
  provider LowCardinality(Nullable(String)),
  request_model LowCardinality(Nullable(String)),
  response_model LowCardinality(Nullable(String)),
  operation LowCardinality(Nullable(String)),
  feature LowCardinality(Nullable(String)),
  prompt_name LowCardinality(Nullable(String)),
  prompt_version LowCardinality(Nullable(String)),
  finish_reasons LowCardinality(Nullable(String)),
  error_type LowCardinality(Nullable(String)),
  status LowCardinality(Nullable(String)),
  attempts Int64,
  retries Int64,
  failed Int64,
  cut_short Int64,
  tokens_input Nullable(Int64),
  tokens_output Nullable(Int64),
  tokens_cache_read Nullable(Int64),
  tokens_cache_write Nullable(Int64),
  tokens_reasoning Nullable(Int64),
  cost Nullable(Decimal(38, 18)),
  cost_reported Nullable(Decimal(38, 18)),
  cost_computed Nullable(Decimal(38, 18)),
  cost_estimated Nullable(Decimal(38, 18)),
  billed Int64,
  unpriced Int64,
  version Int64 DEFAULT toUnixTimestamp64Nano(now64(9))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMMDD(fromUnixTimestamp64Nano(start_ns, 'UTC'))
ORDER BY (
  start_ns, service, environment, provider, request_model, response_model, operation, feature, prompt_name,
  prompt_version, finish_reasons, error_type, status
)
SETTINGS allow_nullable_key = 1, ttl_only_drop_parts = 1
;
CREATE TABLE IF NOT EXISTS call_hours AS call_minutes
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(fromUnixTimestamp64Nano(start_ns, 'UTC'))
ORDER BY (
  start_ns, service, environment, provider, request_model, response_model, operation, feature, prompt_name,
  prompt_version, finish_reasons, error_type, status
)
SETTINGS allow_nullable_key = 1
;
CREATE TABLE IF NOT EXISTS user_hours (
  start_ns Int64,
  service LowCardinality(Nullable(String)),
  environment LowCardinality(Nullable(String)),
  provider LowCardinality(Nullable(String)),
  request_model LowCardinality(Nullable(String)),
  response_model LowCardinality(Nullable(String)),
  operation LowCardinality(Nullable(String)),
  feature LowCardinality(Nullable(String)),
  prompt_name LowCardinality(Nullable(String)),
  prompt_version LowCardinality(Nullable(String)),
  finish_reasons LowCardinality(Nullable(String)),
  error_type LowCardinality(Nullable(String)),
  status LowCardinality(Nullable(String)),
  attempts Int64,
  retries Int64,
  failed Int64,
  cut_short Int64,
  tokens_input Nullable(Int64),
  tokens_output Nullable(Int64),
  tokens_cache_read Nullable(Int64),
  tokens_cache_write Nullable(Int64),
  tokens_reasoning Nullable(Int64),
  cost Nullable(Decimal(38, 18)),
  cost_reported Nullable(Decimal(38, 18)),
  cost_computed Nullable(Decimal(38, 18)),
  cost_estimated Nullable(Decimal(38, 18)),
  billed Int64,
  unpriced Int64,
  user_id Nullable(String),
  version Int64 DEFAULT toUnixTimestamp64Nano(now64(9))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(fromUnixTimestamp64Nano(start_ns, 'UTC'))
ORDER BY (
  start_ns, user_id, service, environment, provider, request_model, response_model, operation, feature, prompt_name,
  prompt_version, finish_reasons, error_type, status
)
SETTINGS allow_nullable_key = 1
;
CREATE TABLE IF NOT EXISTS latency_minutes (
  start_ns Int64,
  service LowCardinality(Nullable(String)),
  environment LowCardinality(Nullable(String)),
  provider LowCardinality(Nullable(String)),
  request_model LowCardinality(Nullable(String)),
  response_model LowCardinality(Nullable(String)),
  operation LowCardinality(Nullable(String)),
  feature LowCardinality(Nullable(String)),
  prompt_name LowCardinality(Nullable(String)),
  prompt_version LowCardinality(Nullable(String)),
  status LowCardinality(Nullable(String)),
  measure LowCardinality(String),
  bin Int16,
  calls Int64,
  version Int64 DEFAULT toUnixTimestamp64Nano(now64(9))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMMDD(fromUnixTimestamp64Nano(start_ns, 'UTC'))
ORDER BY (
  start_ns, service, environment, provider, request_model, response_model, operation, feature, prompt_name,
  prompt_version, status, measure, bin
)
SETTINGS allow_nullable_key = 1, ttl_only_drop_parts = 1
;
CREATE TABLE IF NOT EXISTS latency_hours AS latency_minutes
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(fromUnixTimestamp64Nano(start_ns, 'UTC'))
ORDER BY (
  start_ns, service, environment, provider, request_model, response_model, operation, feature, prompt_name,
  prompt_version, status, measure, bin
)
SETTINGS allow_nullable_key = 1
;
CREATE TABLE IF NOT EXISTS marks (
  name LowCardinality(String),
  until_ns Int64
)
ENGINE = ReplacingMergeTree ORDER BY (name, until_ns)
;
CREATE TABLE IF NOT EXISTS stale_minutes (
  start_ns Int64,
  noted_ns Int64
)
ENGINE = ReplacingMergeTree ORDER BY (start_ns, noted_ns)
;
