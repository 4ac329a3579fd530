-- The columns of the DuckDB migration of the same name, which says what they mean; for a single node.
-- What is written twice merges by its sorting key: a span by ids and start, a log record or point by its batch and
-- place in it. Statements read with `final`, so it counts once before the merge as well.
-- fsync: an answered export must survive a power cut.
CREATE TABLE IF NOT EXISTS spans (
  trace_key Int64,
  trace_id String,
  span_id String,
  parent_span_id Nullable(String),
  name LowCardinality(String),
  kind LowCardinality(String),
  work LowCardinality(String),
  start_ns Int64,
  end_ns Int64,
  status LowCardinality(String),
  status_message Nullable(String),
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
  attributes String,
  resource LowCardinality(String),
  events Nullable(String),
  links Nullable(String),
  INDEX by_trace trace_key TYPE bloom_filter GRANULARITY 1
)
ENGINE = ReplacingMergeTree ORDER BY (start_ns, trace_id, span_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
CREATE TABLE IF NOT EXISTS logs (
  time_ns Int64,
  severity Int32,
  severity_text LowCardinality(Nullable(String)),
  event_name LowCardinality(Nullable(String)),
  body Nullable(String),
  trace_id Nullable(String),
  span_id Nullable(String),
  service LowCardinality(Nullable(String)),
  environment LowCardinality(Nullable(String)),
  scope_name LowCardinality(Nullable(String)),
  scope_version LowCardinality(Nullable(String)),
  attributes String,
  resource LowCardinality(String),
  batch String,
  place Int64
)
ENGINE = ReplacingMergeTree ORDER BY (time_ns, batch, place)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
CREATE TABLE IF NOT EXISTS points (
  name LowCardinality(String),
  unit LowCardinality(Nullable(String)),
  kind LowCardinality(String),
  temporality LowCardinality(Nullable(String)),
  monotonic Nullable(Bool),
  start_ns Nullable(Int64),
  time_ns Int64,
  value_int Nullable(Int64),
  value_double Nullable(Float64),
  count Nullable(Int64),
  total Nullable(Float64),
  details Nullable(String),
  service LowCardinality(Nullable(String)),
  environment LowCardinality(Nullable(String)),
  scope_name LowCardinality(Nullable(String)),
  scope_version LowCardinality(Nullable(String)),
  attributes String,
  resource LowCardinality(String),
  batch String,
  place Int64
)
ENGINE = ReplacingMergeTree ORDER BY (name, time_ns, batch, place)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
CREATE TABLE IF NOT EXISTS batches (
  digest String,
  received_ns Int64,
  written_at DateTime DEFAULT now()
)
ENGINE = ReplacingMergeTree ORDER BY digest
TTL written_at + INTERVAL 7 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
