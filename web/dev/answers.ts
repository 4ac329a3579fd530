/** Answers the API's questions from made-up traces, so that the UI can be developed without a server. */
import type {
  Figures,
  Money,
  Overview,
  Services,
  Share,
  SpanView,
  Tokens,
  Trace,
  TraceRow,
  Traces,
} from "../src/api/types.ts";
import { Random } from "./random.ts";
import { tell } from "./scenarios.ts";

/** Seconds between made-up traces. */
const SLOT = 18;
const DAY = 86_400;
const cache = new Map<number, Trace & { row: TraceRow }>();

export interface Question {
  readonly query: URLSearchParams;
  readonly now: number;
}

export function services(): Services {
  return {
    services: ["lab", "shop-chat", "worker"],
    environments: ["production", "staging"],
    models: ["gpt-4.1", "gpt-4o-mini-2024-07-18", "harbour-7b-instruct", "o4-mini", "text-embedding-3-small"],
    features: ["search", "support", "write"],
  };
}

export function traces({ query, now }: Question): Traces {
  const [from, to] = range(query, now);
  const limit = Math.min(500, Number(query.get("limit") ?? 50));
  let slot = Math.floor(Math.min(to, Number(query.get("cursor") ?? to)) / SLOT);
  const found: TraceRow[] = [];
  for (; slot * SLOT >= from && found.length < limit; slot -= 1) {
    const trace = traceOf(slot, now);
    if (trace.start < to && matches(trace, query)) found.push(trace.row);
  }
  const more = slot * SLOT >= from;
  return {
    traces: found,
    next_cursor: more ? String(slot * SLOT) : null,
    searched_back_to: more ? slot * SLOT : from,
    complete: true,
  };
}

export function trace(id: string, now: number): Trace | null {
  const slot = parseInt(id.slice(0, 8), 16);
  const found = traceOf(slot, now);
  if (found.trace_id !== id) return null;
  const { trace_id, start, duration, spans, total, next_offset, calls, tokens, cost, where: shares, scores } = found;
  return { trace_id, start, duration, spans, total, next_offset, calls, tokens, cost, where: shares, scores };
}

export function overview({ query, now }: Question): Overview {
  const [from, to] = range(query, now);
  const step = niceStep((to - from) / 90);
  const start = Math.floor(from / step) * step;
  const spans: { at: number; span: SpanView }[] = [];
  for (let slot = Math.ceil(from / SLOT); slot * SLOT < Math.min(to, now); slot += 1) {
    const found = traceOf(slot, now);
    if (!matches(found, query)) continue;
    for (const span of found.spans) {
      const at = found.start + span.offset;
      if (span.call !== null && at >= from && at < to) spans.push({ at, span });
    }
  }
  const buckets = [];
  for (let at = start; at < to; at += step) {
    buckets.push({
      start: at,
      figures: figures(spans.filter((one) => one.at >= at && one.at < at + step).map((one) => one.span)),
    });
  }
  const byModel = new Map<string | null, { at: number; span: SpanView }[]>();
  for (const one of spans) {
    const model = one.span.call?.response_model ?? one.span.call?.request_model ?? null;
    byModel.set(model, [...(byModel.get(model) ?? []), one]);
  }
  const models = [...byModel].map(([model, group]) => ({
    provider: "openai",
    model,
    figures: figures(group.map((one) => one.span)),
  }));
  models.sort((a, b) => b.figures.calls - a.figures.calls);
  return { start, end: to, step, totals: figures(spans.map((one) => one.span)), buckets, models };
}

function range(query: URLSearchParams, now: number): [number, number] {
  const from = query.get("from") ?? "1h";
  const match = /^(\d+)([smhdw])$/.exec(from);
  const unit = { s: 1, m: 60, h: 3_600, d: DAY, w: 7 * DAY }[match?.[2] ?? ""];
  const start = unit === undefined ? Number(from) : now - Number(match?.[1]) * unit;
  const to = query.get("to");
  return [Math.max(start, now - 2 * DAY), to === null ? now : Number(to)];
}

function niceStep(seconds: number): number {
  return [10, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600].find((step) => step >= seconds) ?? DAY;
}

function traceOf(slot: number, now: number): Trace & { row: TraceRow } {
  const known = cache.get(slot);
  if (known !== undefined) return known;
  const random = new Random(slot);
  const age = now - slot * SLOT;
  const trouble = (age > 1_500 && age < 2_000) || (slot % 700 > 640 && random.chance(0.7));
  const story = tell(random, slot, trouble);
  const earliest = Math.min(...story.spans.map((span) => span.offset));
  const spans = story.spans.map((span) => ({ ...span, offset: span.offset - earliest }));
  const end = Math.max(...spans.map((span) => span.offset + span.duration));
  const all = figures(spans.filter((span) => span.call !== null));
  const base: Trace = {
    trace_id: slot.toString(16).padStart(8, "0") + random.hex(24),
    start: slot * SLOT + random.next() * SLOT * 0.8,
    duration: end,
    spans,
    total: spans.length,
    next_offset: null,
    calls: all.calls,
    tokens: all.tokens,
    cost: all.cost,
    where: where(spans, end),
    scores: [],
  };
  const made = { ...base, row: rowOf(base, all, story.service, story.environment) };
  cache.set(slot, made);
  return made;
}

function rowOf(base: Trace, all: Figures, service: string, environment: string): TraceRow {
  const ids = new Set(base.spans.map((span) => span.span_id));
  const root =
    base.spans.find((span) => span.parent_span_id === null || !ids.has(span.parent_span_id)) ?? base.spans[0];
  const errors = base.spans.filter((span) => span.status === "error").length;
  const first = base.spans.map((span) => span.call?.first_token ?? null).filter((value) => value !== null);
  return {
    trace_id: base.trace_id,
    name: root?.name ?? "",
    service,
    environment,
    services: [...new Set(base.spans.map((span) => span.service ?? ""))].sort(),
    start: base.start,
    duration: base.duration,
    spans: base.spans.length,
    calls: all.calls,
    retries: all.retries,
    errors,
    status: root?.status === "error" ? "error" : "ok",
    models: [
      ...new Set(base.spans.map((span) => span.call?.response_model ?? null).filter((model) => model !== null)),
    ].sort(),
    tokens: all.tokens,
    cost: all.cost,
    first_token: first.length > 0 ? Math.min(...first) : null,
    user_id: root?.user_id ?? null,
    session_id: root?.session_id ?? null,
    feature: root?.feature ?? null,
  };
}

function matches({ row }: { row: TraceRow }, query: URLSearchParams): boolean {
  const is = (name: string, value: string | null) => !query.get(name) || query.get(name) === value;
  const model = query.get("model");
  const text = query.get("text")?.toLowerCase();
  return (
    is("service", row.service) &&
    is("environment", row.environment) &&
    is("status", row.status) &&
    is("user", row.user_id) &&
    is("session", row.session_id) &&
    is("feature", row.feature) &&
    (!model || row.models.includes(model)) &&
    (!text || `${row.name} ${row.trace_id}`.toLowerCase().includes(text))
  );
}

function figures(spans: readonly SpanView[]): Figures {
  const retries = spans.filter((span) => (span.call?.resend_count ?? 0) > 0).length;
  const failed = spans.filter((span) => span.status === "error").length;
  return {
    attempts: spans.length,
    calls: spans.length - retries,
    retries,
    errors: Math.max(0, failed - retries),
    tokens: {
      input: sum(spans, "input"),
      output: sum(spans, "output"),
      cache_read: sum(spans, "cache_read"),
      cache_write: sum(spans, "cache_write"),
      reasoning: sum(spans, "reasoning"),
    },
    cost: moneyOf(spans),
    duration: percentiles(spans.map((span) => span.duration)),
    first_token: percentiles(spans.map((span) => span.call?.first_token ?? null).filter((value) => value !== null)),
  };
}

function sum(spans: readonly SpanView[], name: keyof Tokens): number | null {
  const known = spans.map((span) => span.call?.tokens[name] ?? null).filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
}

function moneyOf(spans: readonly SpanView[]): Money {
  const of = (state: string | null) => {
    const known = spans.filter((span) => span.cost?.amount != null && (state === null || span.cost.state === state));
    return known.length === 0 ? null : known.reduce((total, span) => total + Number(span.cost?.amount), 0).toFixed(10);
  };
  const answered = spans.filter((span) => span.status !== "error");
  const unpriced = answered.filter((span) => span.cost?.amount == null).length;
  return {
    amount: of(null),
    reported: of("reported"),
    computed: of("computed"),
    estimated: of("estimated"),
    calls: answered.length,
    unpriced,
  };
}

function percentiles(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** Each instant counts for the deepest span that covers it; close enough for made-up data. */
function where(spans: readonly SpanView[], end: number): Share[] {
  const depth = new Map<string, number>();
  for (const span of spans) depth.set(span.span_id, (depth.get(span.parent_span_id ?? "") ?? 0) + 1);
  const edges = [...new Set([0, end, ...spans.flatMap((span) => [span.offset, span.offset + span.duration])])].sort(
    (a, b) => a - b,
  );
  if (edges.length > 2_000)
    return [
      { work: "llm", seconds: end * 0.71 },
      { work: "tool", seconds: end * 0.11 },
      { work: "db", seconds: end * 0.08 },
      { work: "other", seconds: end * 0.1 },
    ];
  const totals = new Map<string, number>();
  edges.slice(1).forEach((edge, index) => {
    const begin = edges[index] ?? 0;
    const over = spans.filter((span) => span.offset <= begin && span.offset + span.duration >= edge);
    const deepest = over.sort((a, b) => (depth.get(b.span_id) ?? 0) - (depth.get(a.span_id) ?? 0))[0];
    const work = deepest?.work ?? "other";
    totals.set(work, (totals.get(work) ?? 0) + edge - begin);
  });
  return [...totals].map(([work, seconds]) => ({ work, seconds })).sort((a, b) => b.seconds - a.seconds);
}
