/** Made-up traces of a small chatbot on a good and a bad day. */
import type { SpanView } from "../src/api/types.ts";
import { answers, asksForTool, hostile, toolContent } from "./content.ts";
import type { Random } from "./random.ts";
import { Builder, type Who } from "./spans.ts";

export interface Story {
  readonly service: string;
  readonly environment: string;
  readonly spans: readonly SpanView[];
}

type Teller = (random: Random, who: Who, trouble: boolean) => Story;

/** Tell the story of one moment; trouble makes failures and slowness likely. */
export function tell(random: Random, slot: number, trouble: boolean): Story {
  const who: Who = {
    user: random.pick(["ada", "grace", "linus", "margaret", "edsger", "barbara"]),
    session: `s-${1_000 + Math.floor(slot / 9)}`,
    feature: random.pick(["support", "support", "search", "write"]),
  };
  return choose(random, slot)(random, who, trouble);
}

function choose(random: Random, slot: number): Teller {
  if (slot % 4_000 === 7) return nightlyBatch;
  if (slot % 200 === 3) return hostileVisitor;
  const roll = random.next();
  if (roll < 0.52) return answer;
  if (roll < 0.8) return agentRun;
  if (roll < 0.86) return unknownModel;
  if (roll < 0.9) return cancelled;
  if (roll < 0.93) return approval;
  if (roll < 0.96) return orphans;
  return indexing;
}

function http(build: Builder, path: string): string {
  return build.add(null, `POST ${path}`, "http", { kind: "server", scope: "opentelemetry.instrumentation.asgi" });
}

function close(build: Builder, id: string, end: number, failed = false): void {
  const index = build.spans.findIndex((span) => span.span_id === id);
  const span = build.spans[index];
  if (span === undefined) return;
  build.spans[index] = { ...span, duration: end - span.offset, status: failed ? "error" : span.status };
}

/** Attempts that fail with 429, then one that works, or not. Returns when it ended and whether it worked. */
function attempts(build: Builder, random: Random, parent: string, at: number, trouble: boolean): [number, boolean] {
  const model = random.pick(["gpt-4o-mini", "gpt-4o-mini", "gpt-4o-mini", "gpt-4.1", "o4-mini"]);
  let offset = at;
  let attempt = 0;
  while (attempt < 2 && random.chance(trouble ? 0.55 : 0.05)) {
    const error = ["rate_limit_exceeded", "Rate limit reached for requests. Try again in 820 ms."] as const;
    const duration = random.latency(0.12);
    build.call(parent, { model, offset, duration, attempt, error });
    offset += duration + 0.4 * 2 ** attempt;
    attempt += 1;
  }
  if (random.chance(trouble ? 0.3 : 0.008)) {
    const duration = random.latency(2);
    build.call(parent, {
      model,
      offset,
      duration,
      attempt,
      error: ["server_error", "The server had an error while processing your request."],
    });
    return [offset + duration, false];
  }
  const input = random.whole(600, 4_200);
  const output = random.whole(40, 520);
  const duration = random.latency((trouble ? 2.6 : 1.1) + output * 0.004);
  build.call(parent, {
    model,
    offset,
    duration,
    attempt,
    input,
    output,
    cached: random.chance(0.7) ? Math.floor((input * random.between(0.4, 0.9)) / 128) * 128 : 0,
    reasoning: model === "o4-mini" ? Math.floor(output * 0.6) : 0,
    stream: random.chance(0.8),
    content: random.chance(0.75) ? answers() : undefined,
  });
  return [offset + duration, true];
}

const answer: Teller = (random, who, trouble) => {
  const build = new Builder(random, who, "shop-chat");
  const root = http(build, "/api/chat");
  const [end, worked] = attempts(build, random, root, 0.012, trouble);
  close(build, root, end + 0.006, !worked);
  return { service: "shop-chat", environment: "production", spans: build.spans };
};

const agentRun: Teller = (random, who, trouble) => {
  const build = new Builder(random, who, "shop-chat");
  const root = http(build, "/api/agent");
  const agent = build.add(root, "invoke_agent support", "agent", { offset: 0.008 });
  const found = random.latency(0.09);
  const search = build.add(agent, "retrieve help-articles", "retrieval", { offset: 0.012, duration: found });
  build.add(search, "SELECT articles", "db", {
    kind: "client",
    offset: 0.02,
    duration: found * 0.7,
    scope: "opentelemetry.instrumentation.psycopg",
  });
  const first = random.latency(0.9);
  const begin = 0.02 + found;
  build.call(agent, {
    model: "gpt-4.1",
    offset: begin,
    duration: first,
    input: 1_840,
    output: 61,
    cached: 1_536,
    stream: true,
    finish: "tool_call",
    content: asksForTool(),
  });
  const used = random.latency(0.35);
  const failed = random.chance(trouble ? 0.25 : 0.02);
  const tool = build.add(agent, "execute_tool look_up_order", "tool", {
    offset: begin + first + 0.004,
    duration: used,
    tool_name: "look_up_order",
    content: toolContent(),
    attributes: { "gen_ai.tool.name": "look_up_order", "gen_ai.tool.call.id": "call_9f2c" },
    ...(failed
      ? { status: "error", error_type: "TimeoutError", status_message: "orders API did not answer within 300 ms" }
      : {}),
  });
  build.add(tool, "GET orders.internal/orders/{id}", "http", {
    kind: "client",
    offset: begin + first + 0.01,
    duration: used * 0.9,
    service: "shop-chat",
  });
  build.add(tool, "GET /orders/{id}", "http", {
    kind: "server",
    offset: begin + first + 0.02,
    duration: used * 0.7,
    service: "orders",
  });
  const [end, worked] = attempts(build, random, agent, begin + first + used + 0.01, trouble);
  build.add(root, "publish chat.events", "queue", { kind: "producer", offset: end + 0.003, duration: 0.004 });
  close(build, agent, end + 0.002, !worked);
  close(build, root, end + 0.009, !worked);
  return { service: "shop-chat", environment: "production", spans: build.spans };
};

const unknownModel: Teller = (random, who) => {
  const build = new Builder(random, who, "lab");
  const duration = random.latency(2.2);
  build.call(null, {
    model: "harbour-7b-instruct",
    offset: 0,
    duration,
    input: random.whole(300, 900),
    output: random.whole(60, 300),
    stream: true,
  });
  return { service: "lab", environment: "staging", spans: build.spans };
};

const cancelled: Teller = (random, who) => {
  const build = new Builder(random, who, "shop-chat");
  const root = http(build, "/api/chat");
  const duration = random.latency(1.4);
  build.call(root, {
    model: "gpt-4o-mini",
    offset: 0.01,
    duration,
    input: 1_204,
    output: 83,
    stream: true,
    cut: true,
    content: asksForTool(),
  });
  close(build, root, duration + 0.012);
  return { service: "shop-chat", environment: "production", spans: build.spans };
};

const approval: Teller = (random, who, trouble) => {
  const build = new Builder(random, who, "shop-chat");
  const agent = build.add(null, "invoke_agent refunds", "agent", {});
  const first = random.latency(1.2);
  build.call(agent, {
    model: "gpt-4.1",
    offset: 0.01,
    duration: first,
    input: 2_210,
    output: 92,
    cached: 1_920,
    stream: true,
    finish: "tool_call",
    content: asksForTool(),
  });
  const waited = random.latency(6);
  build.add(agent, "wait for approval", "waiting", {
    offset: first + 0.02,
    duration: waited,
    attributes: { "spanglass.wait.reason": "approval of a refund over 40 €" },
  });
  const used = random.latency(0.4);
  build.add(agent, "execute_tool issue_refund", "tool", {
    offset: first + waited + 0.03,
    duration: used,
    attributes: { "gen_ai.tool.name": "issue_refund" },
  });
  const [end] = attempts(build, random, agent, first + waited + used + 0.05, trouble);
  close(build, agent, end + 0.004);
  return { service: "shop-chat", environment: "production", spans: build.spans };
};

const orphans: Teller = (random, who) => {
  const build = new Builder(random, who, "worker");
  const consume = build.add(random.hex(16), "process chat.events", "queue", {
    kind: "consumer",
    service: "worker",
    duration: 0.9,
  });
  build.call(consume, { model: "gpt-4o-mini", offset: -0.08, duration: 0.7, input: 420, output: 30 });
  build.add(random.hex(16), "INSERT summaries", "db", { kind: "client", offset: 0.72, duration: 0.05 });
  return { service: "worker", environment: "production", spans: build.spans };
};

const indexing: Teller = (random, who) => {
  const build = new Builder(random, who, "worker");
  const root = build.add(null, "index help-articles", "other", { duration: 1.2 });
  for (let part = 0; part < 6; part += 1) {
    build.call(root, {
      model: "text-embedding-3-small",
      operation: "embeddings",
      offset: 0.05 + part * 0.18,
      duration: 0.16,
      input: random.whole(2_000, 6_000),
      output: 0,
    });
  }
  return { service: "worker", environment: "production", spans: build.spans };
};

const hostileVisitor: Teller = (random, who) => {
  const build = new Builder(random, { ...who, user: `<img src=x onerror=alert(1)>` }, "shop-chat");
  const root = build.add(null, `<script>alert("name")</script> ${"very long name ".repeat(40)}`, "http", {
    kind: "server",
    duration: 1.3,
  });
  build.call(root, {
    model: "gpt-4o-mini",
    offset: 0.01,
    duration: 1.2,
    input: 64_000,
    output: 12,
    content: hostile(),
  });
  return { service: "shop-chat", environment: "production", spans: build.spans };
};

/** Ten thousand spans. */
const nightlyBatch: Teller = (random, who) => {
  const build = new Builder(random, who, "worker");
  const root = build.add(null, "nightly evaluation", "other", {});
  let offset = 0.1;
  for (let turn = 0; turn < 1_428; turn += 1) {
    const step = build.add(root, `evaluate case ${turn + 1}`, "agent", { offset, duration: 1.1 });
    build.add(step, "SELECT cases", "db", { offset: offset + 0.01, duration: 0.03 });
    build.add(step, "retrieve examples", "retrieval", { offset: offset + 0.05, duration: 0.1 });
    const error = turn % 97 === 5 ? ([`content_filter`, "The answer was filtered."] as const) : undefined;
    build.call(step, {
      model: "gpt-4o-mini",
      offset: offset + 0.16,
      duration: 0.6,
      input: 900,
      output: 80,
      ...(error && { error }),
    });
    build.add(step, "execute_tool score", "tool", { offset: offset + 0.78, duration: 0.1 });
    build.add(step, "INSERT scores", "db", { offset: offset + 0.9, duration: 0.04 });
    build.add(step, "publish scores", "queue", { offset: offset + 0.96, duration: 0.01 });
    offset += random.between(0.2, 0.4);
  }
  close(build, root, offset + 2);
  return { service: "worker", environment: "production", spans: build.spans };
};
