/** The answers of the API, by the names the pages use; the shapes come from docs/openapi.json (`npm run types`). */
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];

export type Money = Schemas["Money"];
export type Spend = Schemas["Spend"];
export type Percentiles = Schemas["Percentiles"];
export type Tokens = Schemas["Tokens"];
export type Figures = Schemas["Figures"];
export type Model = Schemas["Model"];
export type Overview = Schemas["Overview"];
export type TraceRow = Schemas["TraceRow"];
export type Traces = Schemas["Traces"];
export type CallView = Schemas["CallView"];
export type SpanView = Schemas["SpanView"];
export type Share = Schemas["Share"];
export type Trace = Schemas["Trace"];
export type Services = Schemas["Seen"];
export type CostAnswer = Schemas["CostAnswer"];
export type CostGroup = Schemas["Group"];
export type Savings = Schemas["Savings"];
export type Models = Schemas["Models"];
export type ModelRow = Schemas["ModelRow"];
export type Users = Schemas["Users"];
export type User = Schemas["User"];
export type Prompts = Schemas["Prompts"];
export type Prompt = Schemas["Prompt"];
export type PromptVersions = Schemas["PromptVersions"];
export type PromptVersion = Schemas["PromptVersion"];
export type HeatMap = Schemas["HeatMap"];
export type Sources = Schemas["Sources"];
export type Sessions = Schemas["Sessions"];
export type SessionRow = Schemas["SessionRow"];
export type Session = Schemas["Session"];
export type Turn = Schemas["Turn"];
export type TimeSpent = Schemas["TimeSpent"];
export type TimeGroup = Schemas["TimeGroup"];
export type SlowTrace = Schemas["SlowTrace"];
export type WorkShare = Schemas["WorkShare"];
export type Agents = Schemas["Agents"];
export type GraphNode = Schemas["GraphNode"];
export type GraphEdge = Schemas["GraphEdge"];
export type AgentRuns = Schemas["AgentRuns"];
export type Tools = Schemas["Tools"];
export type Tool = Schemas["Tool"];
export type Errors = Schemas["Errors"];
export type ErrorGroup = Schemas["ErrorGroup"];
export type ErrorDetail = Schemas["ErrorDetail"];
export type ErrorPart = Schemas["ErrorPart"];
export type Quality = Schemas["Quality"];
export type QualityModel = Schemas["QualityModel"];
export type FinishReason = Schemas["FinishReason"];
export type NamedScore = Schemas["NamedScore"];
export type Metrics = Schemas["Metrics"];
export type MetricRow = Schemas["MetricRow"];
export type Metric = Schemas["Metric"];
export type Logs = Schemas["Logs"];
export type LogRow = Schemas["LogRow"];
export type ScoreView = Schemas["ScoreView"];
export type ContentView = Schemas["ContentView"];

/** What `/healthz` says; it is no part of the API's document. */
export interface Health {
  readonly status?: string;
  readonly notices?: readonly string[];
  readonly store?: { readonly ok: boolean; readonly bytes?: number; readonly message?: string };
  readonly queue?: { readonly bytes: number; readonly limit: number };
  readonly memory?: { readonly bytes: number | null; readonly limit: number | null };
  readonly otlp?: { readonly http?: number; readonly grpc?: number };
}

/** Attributes as sent: any JSON. */
export type Attributes = SpanView["attributes"];
