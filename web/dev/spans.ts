/** Makes spans of made-up traces: model calls with usage and prices, tools, databases, waiting. */
import type { CallView, ContentView, SpanView, Spend } from "../src/api/types.ts";
import type { Random } from "./random.ts";

/** Dollars a million tokens: input, cached input, output. */
const PRICES: Readonly<Record<string, readonly [number, number, number]>> = {
  "gpt-4o-mini": [0.15, 0.075, 0.6],
  "gpt-4.1": [2, 0.5, 8],
  "o4-mini": [1.1, 0.275, 4.4],
  "text-embedding-3-small": [0.02, 0.02, 0],
};

export interface CallOptions {
  readonly model: string;
  readonly offset: number;
  readonly duration: number;
  readonly input?: number;
  readonly output?: number;
  readonly cached?: number;
  readonly reasoning?: number;
  readonly stream?: boolean;
  readonly attempt?: number;
  readonly error?: readonly [type: string, message: string];
  readonly cut?: boolean;
  readonly operation?: string;
  readonly finish?: string;
  readonly content?: ContentView | undefined;
}

export interface Who {
  readonly user: string;
  readonly session: string;
  readonly feature: string;
}

export class Builder {
  readonly spans: SpanView[] = [];
  private readonly random: Random;
  private readonly who: Who;
  private readonly service: string;

  constructor(random: Random, who: Who, service: string) {
    this.random = random;
    this.who = who;
    this.service = service;
  }

  /** Add a span; returns its id. */
  add(parent: string | null, name: string, work: string, span: Partial<SpanView>): string {
    const id = this.random.hex(16);
    this.spans.push({
      span_id: id,
      parent_span_id: parent,
      name,
      service: this.service,
      kind: "internal",
      work,
      offset: 0,
      duration: 0,
      status: "unset",
      status_message: null,
      error_type: null,
      scope: "my_app.chat",
      user_id: this.who.user,
      session_id: this.who.session,
      feature: this.who.feature,
      prompt_name: null,
      prompt_version: null,
      agent_name: null,
      tool_name: null,
      tags: [],
      error_group: null,
      error_message: null,
      content: null,
      call: null,
      cost: null,
      attributes: { "user.id": this.who.user, "session.id": this.who.session, "spanglass.feature": this.who.feature },
      resource: {
        "service.name": span.service ?? this.service,
        "service.version": "2.14.0",
        "deployment.environment.name": "production",
        "telemetry.sdk.language": "python",
        "process.pid": 4_121,
      },
      events: [],
      links: [],
      ...span,
    });
    return id;
  }

  /** Add one call to a model. */
  call(parent: string | null, options: CallOptions): string {
    const { model, error, attempt = 0, operation = "chat" } = options;
    const failed = error !== undefined;
    const call = callView(options, this.random);
    return this.add(parent, `${operation} ${model}`, "llm", {
      kind: "client",
      scope: "spanglass",
      offset: options.offset,
      duration: options.duration,
      status: failed ? "error" : "unset",
      status_message: error?.[1] ?? null,
      error_type: error?.[0] ?? null,
      prompt_name: "support-answer",
      prompt_version: "7",
      call,
      content: options.content ?? null,
      cost: failed ? unpriced() : spendOf(options),
      attributes: {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": model,
        ...(failed ? { "error.type": error[0], "spanglass.error.message": error[1] } : {}),
        "gen_ai.response.id": call.response_id,
        "gen_ai.usage.input_tokens": call.tokens.input,
        "gen_ai.usage.output_tokens": call.tokens.output,
        "gen_ai.response.finish_reasons": call.finish_reasons,
        "server.address": "api.openai.com",
        "server.port": 443,
        ...(attempt > 0 ? { "http.request.resend_count": attempt } : {}),
        "user.id": this.who.user,
        "session.id": this.who.session,
        "spanglass.feature": this.who.feature,
      },
    });
  }
}

function callView(options: CallOptions, random: Random): CallView {
  const { model, error, stream = false, cut = false, attempt = 0 } = options;
  const failed = error !== undefined;
  return {
    operation: options.operation ?? "chat",
    provider: "openai",
    request_model: model,
    response_model: failed ? null : model === "gpt-4o-mini" ? "gpt-4o-mini-2024-07-18" : model,
    response_id: failed ? null : `chatcmpl-${random.hex(24)}`,
    tokens: {
      input: failed ? null : (options.input ?? null),
      output: failed ? null : (options.output ?? null),
      cache_read: failed ? null : (options.cached ?? 0),
      cache_write: null,
      reasoning: failed ? null : (options.reasoning ?? 0),
    },
    usage_estimated: cut,
    finish_reasons: failed || cut ? ["error"] : [options.finish ?? "stop"],
    stream: stream ? true : null,
    first_chunk: stream && !failed ? Math.min(options.duration * 0.5, random.latency(0.32)) : null,
    first_token: stream && !failed ? Math.min(options.duration * 0.6, random.latency(0.46)) : null,
    resend_count: attempt,
    incomplete: cut,
  };
}

function spendOf({ model, input = 0, output = 0, cached = 0, cut = false }: CallOptions): Spend {
  const price = PRICES[model];
  if (price === undefined) return unpriced();
  const paidIn = ((input - cached) * price[0] + cached * price[1]) / 1e6;
  const paidOut = (output * price[2]) / 1e6;
  return {
    state: cut ? "estimated" : "computed",
    amount: (paidIn + paidOut).toFixed(10),
    input: paidIn.toFixed(10),
    output: paidOut.toFixed(10),
    source: "local",
    price_id: `openai/${model}`,
    table: "2026-11-18",
  };
}

function unpriced(): Spend {
  return { state: "unpriced", amount: null, input: null, output: null, source: null, price_id: null, table: null };
}
