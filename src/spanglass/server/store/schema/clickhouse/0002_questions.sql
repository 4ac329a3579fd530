-- The columns of the DuckDB migration of the same name, which says what they mean; for a single node.
-- Summaries are written whole for a minute or an hour, and replaced by the latest version.
ALTER TABLE spans
  ADD COLUMN IF NOT EXISTS agent_name LowCardinality(Nullable(String)),
  ADD COLUMN IF NOT EXISTS tool_name LowCardinality(Nullable(String)),
  ADD COLUMN IF NOT EXISTS tags LowCardinality(Nullable(String)),
  ADD COLUMN IF NOT EXISTS error_message Nullable(String),
  ADD COLUMN IF NOT EXISTS error_group LowCardinality(Nullable(String)),
  ADD COLUMN IF NOT EXISTS received_ns Nullable(Int64)
;
CREATE TABLE IF NOT EXISTS contents (
  trace_key Int64,
  trace_id String,
  span_id String,
  start_ns Int64,
  attributes Nullable(String),
  events Nullable(String),
  INDEX by_trace trace_key TYPE bloom_filter GRANULARITY 1
)
ENGINE = ReplacingMergeTree ORDER BY (start_ns, trace_id, span_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
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
  place Int64
)
ENGINE = ReplacingMergeTree ORDER BY (time_ns, batch, place)
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
ENGINE = ReplacingMergeTree(version) ORDER BY (
  start_ns, service, environment, provider, request_model, response_model, operation, feature, prompt_name,
  prompt_version, finish_reasons, error_type, status
)
SETTINGS allow_nullable_key = 1
;
CREATE TABLE IF NOT EXISTS call_hours AS call_minutes
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
ENGINE = ReplacingMergeTree(version) ORDER BY (
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
ENGINE = ReplacingMergeTree(version) ORDER BY (
  start_ns, service, environment, provider, request_model, response_model, operation, feature, prompt_name,
  prompt_version, status, measure, bin
)
SETTINGS allow_nullable_key = 1
;
CREATE TABLE IF NOT EXISTS latency_hours AS latency_minutes
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
