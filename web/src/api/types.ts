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

/** What `/healthz` says of where OTLP is received; it is no part of the API's document. */
export interface Health {
  readonly otlp?: { readonly http?: number; readonly grpc?: number };
}

/** Attributes as sent: any JSON. */
export type Attributes = SpanView["attributes"];
