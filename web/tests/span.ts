/** Spans for tests, with little to say. */
import type { CallView, SpanView } from "../src/api/types.ts";

export function span(id: string, parent: string | null, more: Partial<SpanView> = {}): SpanView {
  return {
    span_id: id,
    parent_span_id: parent,
    name: id,
    service: "app",
    kind: "internal",
    work: "other",
    offset: 0,
    duration: 1,
    status: "unset",
    status_message: null,
    error_type: null,
    scope: null,
    user_id: null,
    session_id: null,
    feature: null,
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
    attributes: {},
    resource: {},
    events: [],
    links: [],
    ...more,
  };
}

export function attempt(id: string, parent: string | null, offset: number, resend: number, failed: boolean): SpanView {
  const call: CallView = {
    operation: "chat",
    provider: "openai",
    request_model: "gpt-4o-mini",
    response_model: null,
    response_id: null,
    tokens: { input: null, output: null, cache_read: null, cache_write: null, reasoning: null },
    usage_estimated: false,
    finish_reasons: [],
    stream: null,
    first_chunk: null,
    first_token: null,
    resend_count: resend,
    incomplete: false,
  };
  return span(id, parent, { work: "llm", offset, call, status: failed ? "error" : "unset" });
}

export function priced(id: string, parent: string | null, amount: string | null): SpanView {
  const state = amount === null ? "unpriced" : "computed";
  return span(id, parent, {
    cost: { state, amount, input: null, output: null, source: null, price_id: null, table: null },
  });
}
