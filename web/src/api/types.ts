/** The answers of the API, by the names the pages use. */
export interface Money {
  readonly amount: string | null;
  readonly reported: string | null;
  readonly computed: string | null;
  readonly estimated: string | null;
  readonly calls: number;
  readonly unpriced: number;
}

export interface Spend {
  readonly state: string;
  readonly amount: string | null;
  readonly input: string | null;
  readonly output: string | null;
  readonly source: string | null;
  readonly price_id: string | null;
  readonly table: string | null;
}

export interface Percentiles {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

export interface Tokens {
  readonly input: number | null;
  readonly output: number | null;
  readonly cache_read: number | null;
  readonly cache_write: number | null;
  readonly reasoning: number | null;
}

export interface Figures {
  readonly attempts: number;
  readonly calls: number;
  readonly retries: number;
  readonly errors: number;
  readonly tokens: Tokens;
  readonly cost: Money;
  readonly duration: Percentiles;
  readonly first_token: Percentiles;
}

export interface Bucket {
  readonly start: number;
  readonly figures: Figures;
}

export interface Model {
  readonly provider: string | null;
  readonly model: string | null;
  readonly figures: Figures;
}

export interface Overview {
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly totals: Figures;
  readonly buckets: readonly Bucket[];
  readonly models: readonly Model[];
}

export interface TraceRow {
  readonly trace_id: string;
  readonly name: string;
  readonly service: string | null;
  readonly environment: string | null;
  readonly services: readonly string[];
  readonly start: number;
  readonly duration: number;
  readonly spans: number;
  readonly calls: number;
  readonly retries: number;
  readonly errors: number;
  readonly status: string;
  readonly models: readonly string[];
  readonly tokens: Tokens;
  readonly cost: Money;
  readonly first_token: number | null;
  readonly user_id: string | null;
  readonly session_id: string | null;
  readonly feature: string | null;
}

export interface Traces {
  readonly traces: readonly TraceRow[];
  readonly next_cursor: string | null;
}

export interface CallView {
  readonly operation: string;
  readonly provider: string | null;
  readonly request_model: string | null;
  readonly response_model: string | null;
  readonly response_id: string | null;
  readonly tokens: Tokens;
  readonly usage_estimated: boolean;
  readonly finish_reasons: readonly string[];
  readonly stream: boolean | null;
  readonly first_chunk: number | null;
  readonly first_token: number | null;
  readonly resend_count: number;
  readonly incomplete: boolean;
}

/** Attributes as sent: any JSON. */
export type Attributes = Readonly<Record<string, unknown>>;

export interface EventView {
  readonly name: string;
  readonly offset: number;
  readonly attributes: Attributes;
}

export interface LinkView {
  readonly trace_id: string;
  readonly span_id: string;
  readonly attributes: Attributes;
}

export interface SpanView {
  readonly span_id: string;
  readonly parent_span_id: string | null;
  readonly name: string;
  readonly service: string | null;
  readonly kind: string;
  readonly work: string;
  readonly offset: number;
  readonly duration: number;
  readonly status: string;
  readonly status_message: string | null;
  readonly error_type: string | null;
  readonly scope: string | null;
  readonly user_id: string | null;
  readonly session_id: string | null;
  readonly feature: string | null;
  readonly prompt_name: string | null;
  readonly prompt_version: string | null;
  readonly call: CallView | null;
  readonly cost: Spend | null;
  readonly attributes: Attributes;
  readonly resource: Attributes;
  readonly events: readonly EventView[];
  readonly links: readonly LinkView[];
}

export interface Share {
  readonly work: string;
  readonly seconds: number;
}

export interface Trace {
  readonly trace_id: string;
  readonly start: number;
  readonly duration: number;
  readonly spans: readonly SpanView[];
  readonly calls: number;
  readonly tokens: Tokens;
  readonly cost: Money;
  readonly where: readonly Share[];
}

/** What the menus offer. */
export interface Services {
  readonly services: readonly string[];
  readonly environments: readonly string[];
  readonly models: readonly string[];
  readonly features: readonly string[];
}
